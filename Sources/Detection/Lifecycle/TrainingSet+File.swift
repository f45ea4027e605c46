import Features
package import Models
import Traffic

/// Recorded windows as a safetensors file, which Python's tools open too.
extension TrainingSet {
    /// As in the file's header: kind of a recording.
    static let kind = "sluice windows"

    /// The windows as a file: `source.rows` and `destination.rows`, single precision, a row a window.
    package var file: ModelFile {
        var file = ModelFile()
        file.metadata = [
            "kind": Self.kind, "schema": FeatureSchema.identity,
            "learnedMilliseconds": "\(learned.milliseconds)", "windowsPerHour": "\(windowsPerHour)",
            "leftOut": "\(leftOut.odd)", "quarantined": "\(leftOut.quarantined)",
            "beyondShare": "\(leftOut.beyondShare)",
        ]
        file.metadata["group"] = group
        file.set("source.rows", source.rows)
        file.set("destination.rows", destination.rows)
        return file
    }

    /// Reads recorded windows back.
    ///
    /// - Throws: `ModelFileError` if this is no such file, or of other features.
    package init(file: ModelFile, shipped: ShippedModel) throws(ModelFileError) {
        try ModelHeader.check(file, kind: Self.kind)
        self.init(shipped: shipped)
        guard let milliseconds = Int64(try file.text("learnedMilliseconds")), milliseconds >= 0,
            let windows = Double(try file.text("windowsPerHour")), windows.isFinite, windows >= 0,
            let odd = Int(try file.text("leftOut")),
            // Recordings of earlier versions count neither of these.
            let quarantined = Int(file.metadata["quarantined"] ?? "0"),
            let beyondShare = Int(file.metadata["beyondShare"] ?? "0")
        else { throw .malformed("the header's numbers are none") }
        learned = .milliseconds(milliseconds)
        windowsPerHour = windows
        leftOut = LeftOut(odd: odd, quarantined: quarantined, beyondShare: beyondShare)
        group = file.metadata["group"]
        source = try View(file.floats("source.rows"))
        destination = try View(file.floats("destination.rows"))
    }

    /// Several recordings as one, none of which outvotes the others by being long.
    ///
    /// - Parameters:
    ///   - sets: recordings of one network, or of one policy group; at least one.
    ///   - maximumRows: rows a view at most; from what is more, rows are taken evenly.
    ///   - shipped: the model that the windows are judged by beside the new one.
    package init(merging sets: [TrainingSet], maximumRows: Int, shipped: ShippedModel) {
        self.init(shipped: shipped)
        group = sets.first?.group
        let hours = sets.map { $0.learned / .seconds(3600) }
        let total = hours.reduce(0, +)
        learned = sets.reduce(.zero) { $0 + $1.learned }
        windowsPerHour =
            total > 0 ? zip(sets, hours).reduce(0) { $0 + $1.0.windowsPerHour * $1.1 } / total : 0
        leftOut = sets.reduce(LeftOut()) { $0 + $1.leftOut }
        source = View(merging: sets.map(\.source), maximumRows: maximumRows)
        destination = View(merging: sets.map(\.destination), maximumRows: maximumRows)
    }
}

extension TrainingSet.View {
    fileprivate init(_ values: [Float]) throws(ModelFileError) {
        guard values.count.isMultiple(of: FeatureSchema.count) else { throw .malformed("rows are cut off") }
        self.init(rows: values)
    }

    fileprivate init(merging views: [Self], maximumRows: Int) {
        let width = FeatureSchema.count
        let share = maximumRows / max(views.count, 1)
        // What short recordings leave goes to the others.
        let spare = views.reduce(0) { $0 + max(0, share - $1.count) }
        let long = views.count { $0.count > share }
        let most = share + (long > 0 ? spare / long : 0)
        self.init(rows: [])
        for view in views {
            let taken = min(view.count, most)
            for place in 0..<taken {
                let row = place * view.count / taken
                rows += view.rows[row * width..<(row + 1) * width]
            }
        }
    }
}
