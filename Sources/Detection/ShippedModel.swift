package import Features
package import Models
import Traffic

/// The model that comes with the program: what is out of the ordinary on any network.
///
/// A grouped tail table for each view, fitted to pooled benign traffic (`ShippedModelTraining`). It is never changed
/// by what is learned at a site, so nobody can teach it.
package struct ShippedModel: Sendable {
    /// One view's parts.
    package struct View: Sendable {
        package let scaler: RobustScaler
        package let table: TailTable
        /// Distribution of the table's score in the benign pool, log-compressed.
        package let tail: PeaksOverThreshold
    }

    /// As in the file's header: kind of a shipped model.
    static let kind = "sluice default"

    package let name: String
    package let source: View
    package let destination: View

    package init(name: String, source: View, destination: View) {
        self.name = name
        self.source = source
        self.destination = destination
    }

    /// The model embedded in the program.
    package static func embedded() throws(ModelFileError) -> ShippedModel {
        try ShippedModel(file: ModelFile(PackageResources.default_safetensors))
    }

    package init(file: ModelFile) throws(ModelFileError) {
        try ModelHeader.check(file, kind: Self.kind)
        name = try file.text("name")
        source = try View(file, prefix: "source.")
        destination = try View(file, prefix: "destination.")
    }

    package var file: ModelFile {
        var file = ModelFile()
        file.metadata = ["kind": Self.kind, "schema": FeatureSchema.identity, "name": name]
        source.put(into: &file, prefix: "source.")
        destination.put(into: &file, prefix: "destination.")
        return file
    }

    package subscript(view: Entity.View) -> View { view == .source ? source : destination }
}

extension ShippedModel.View {
    init(_ file: ModelFile, prefix: String) throws(ModelFileError) {
        scaler = try file.scaler(prefix, width: FeatureSchema.count)
        table = try file.tailTable(
            prefix + "table.", width: FeatureSchema.count, groups: FeatureGroup.allCases.count)
        tail = try file.peaksOverThreshold(prefix + "score.")
    }

    func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix, scaler)
        file.set(prefix + "table.", table)
        file.set(prefix + "score.", tail)
    }
}

/// What the headers of all model files have in common.
enum ModelHeader {
    static func check(_ file: ModelFile, kind: String) throws(ModelFileError) {
        let found = try file.text("kind")
        guard found == kind else { throw .missing("the kind '\(kind)' (it has '\(found)')") }
        let schema = try file.text("schema")
        guard schema == FeatureSchema.identity else {
            throw .otherSchema(found: schema, expected: FeatureSchema.identity)
        }
    }
}
