import RealModule

extension TailTable {
    /// The tail beyond the 99.9 % point is exponential; no place is more surprising than this many nats more.
    private static let longestTail = 20.0

    /// Fits to rows of int8 features of benign windows.
    package init?(fitting rows: [Int8], width: Int, groups: [[Int]]) {
        guard width > 0, !rows.isEmpty, rows.count.isMultiple(of: width) else { return nil }
        let features = (0..<width).flatMap { feature in
            Self.tail(of: feature, in: rows, width: width).map { nats in
                UInt8(min(max((nats * 4).rounded(), 0), 255))
            }
        }
        let blank = [UInt16](repeating: 0, count: groups.count * Self.sums)
        guard let uncalibrated = TailTable(width: width, features: features, groups: groups, surprises: blank)
        else {
            return nil
        }
        let surprises = groups.indices.flatMap { uncalibrated.calibrate(group: $0, by: rows) }
        self.init(width: width, features: features, groups: groups, surprises: surprises)
    }

    /// -ln of the share of rows at or beyond each place.
    static func tail(of feature: Int, in rows: [Int8], width: Int) -> [Double] {
        var histogram = [Int](repeating: 0, count: places)
        for start in stride(from: 0, to: rows.count, by: width) {
            histogram[Int(max(-127, rows[start + feature])) + 127] += 1
        }
        let count = rows.count / width
        func place(below share: Double) -> Int {
            var seen = 0
            for (place, number) in histogram.enumerated() {
                seen += number
                if Double(seen) >= share * Double(count) { return place }
            }
            return places - 1
        }
        let far = place(below: 0.999)
        let step = Double(RobustScaler.step)
        let scale = max(Double(far - place(below: 0.99)) * step / 2.303, 0.15)
        var beyond = count
        return histogram.enumerated().map { place, number in
            let share = Double(beyond) / Double(count)
            beyond -= number
            return place <= far
                ? -Double.log(max(share, 0.001))
                : -Double.log(0.001) + min(Double(place - far) * step / scale, longestTail)
        }
    }

    /// The surprise of each possible sum of a group, with an exponential tail.
    private func calibrate(group: Int, by rows: [Int8]) -> [UInt16] {
        var sums: [Double] = []
        for start in stride(from: 0, to: rows.count, by: width) {
            let row = rows[start..<start + width]
            let largest = groups[group].map { Int(surprise(of: $0, in: row)) }.sorted(by: >).prefix(3)
            sums.append(Double(largest.reduce(0, +)) / 4)
        }
        let decades = Self.decades(bySums: sums)
        return (0..<Self.sums).map { sum in
            UInt16(min(max((decades(Double(sum) / 4) * Double(Self.unitsPerDecade)).rounded(), 0), 65_535))
        }
    }

    /// How surprising a sum of nats is, in decades, where benign rows have these.
    ///
    /// Up to where the tail begins, -log10 p. Beyond, an exponential tail's -log10 p, and once more that of the tail's beginning:
    /// no order changes by it, and the scale is the shipped model's to calibrate, which was fitted to these numbers.
    static func decades(bySums sums: [Double]) -> (Double) -> Double {
        let tail = PeaksOverThreshold(fitting: sums, fixedShape: 0, leastScale: 1)
        return { nats in
            // Beyond the 30 decades that calibration tells apart, the order still counts.
            let straight = tail.surprise(of: tail.start) + max(0, nats - tail.start) / tail.scale / .log(10)
            return nats > tail.start ? straight - .log10(tail.tailShare) : tail.surprise(of: nats)
        }
    }
}
