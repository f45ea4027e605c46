/// A row of bars, one for each value.
package enum Sparkline {
    private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// The values as bars, on a scale from 0 to the greatest.
    ///
    /// Of more than `width`, neighbours are merged into their maximum, so that no peak is lost.
    package static func text(_ values: [Double], width: Int) -> String {
        let values = merged(values.map { $0.isFinite ? max(0, $0) : 0 }, into: max(1, width))
        guard let most = values.max(), most > 0 else {
            return String(repeating: bars[0], count: values.count)
        }
        return String(values.map { bars[min(bars.count - 1, Int($0 / most * Double(bars.count)))] })
    }

    private static func merged(_ values: [Double], into width: Int) -> [Double] {
        guard values.count > width else { return values }
        return (0..<width).map { place in
            values[place * values.count / width..<(place + 1) * values.count / width].max() ?? 0
        }
    }
}
