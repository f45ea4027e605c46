extension ModelFile {
    /// Puts in a part of a model under a prefix, such as `source.`.
    package mutating func set(_ prefix: String, _ scaler: RobustScaler) {
        set(prefix + "medians", scaler.medians)
        set(prefix + "deviations", scaler.deviations)
    }

    /// Likewise; one tensor a group besides.
    package mutating func set(_ prefix: String, _ table: TailTable) {
        set(prefix + "features", table.features, as: .uint8, shape: [table.width, TailTable.places])
        set(prefix + "surprises", table.surprises, as: .uint16, shape: [table.groups.count, TailTable.sums])
        for (index, group) in table.groups.enumerated() {
            set(prefix + "group.\(index)", group.map { Int32($0) }, as: .int32)
        }
    }

    /// Likewise; the body, and the four numbers of the tail.
    package mutating func set(_ prefix: String, _ tail: PeaksOverThreshold) {
        set(prefix + "body", tail.body)
        set(prefix + "tail", [tail.start, tail.tailShare, tail.shape, tail.scale])
    }

    /// Reads a scaler of this width.
    package func scaler(_ prefix: String, width: Int) throws(ModelFileError) -> RobustScaler {
        let medians = try floats(prefix + "medians")
        let deviations = try floats(prefix + "deviations")
        guard medians.count == width, deviations.count == width, deviations.allSatisfy({ $0 > 0 }) else {
            throw .malformed("'\(prefix)' does not scale \(width) features")
        }
        return RobustScaler(medians: medians, deviations: deviations)
    }

    /// Reads a tail table of this width and number of groups.
    package func tailTable(_ prefix: String, width: Int, groups: Int) throws(ModelFileError) -> TailTable {
        var members: [[Int]] = []
        for index in 0..<groups {
            let group: [Int32] = try integers(prefix + "group.\(index)", as: .int32)
            members.append(group.map { Int($0) })
        }
        let table = TailTable(
            width: width, features: try integers(prefix + "features", as: .uint8), groups: members,
            surprises: try integers(prefix + "surprises", as: .uint16))
        guard let table else { throw .malformed("the parts of '\(prefix)' do not fit together") }
        return table
    }

    /// Reads a distribution of scores.
    package func peaksOverThreshold(_ prefix: String) throws(ModelFileError) -> PeaksOverThreshold {
        let body = try doubles(prefix + "body")
        let tail = try doubles(prefix + "tail")
        guard !body.isEmpty, tail.count == 4, tail[1] > 0, tail[1] <= 1, tail[3] > 0,
            PeaksOverThreshold.shapes.contains(tail[2])
        else { throw .malformed("'\(prefix)' is no distribution of scores") }
        return PeaksOverThreshold(
            body: body, start: tail[0], tailShare: tail[1], shape: tail[2], scale: tail[3])
    }
}
