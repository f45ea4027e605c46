import Detection
import Features
import Models
import Testing
import Traffic

@Suite struct WindowTableTests {
    private static let names = FeatureSchema.features.map(\.name)
    private static let header = "view,label," + names.joined(separator: ",")

    private static func line(_ view: String, _ label: String, _ value: Double) -> String {
        "\(view),\(label)," + names.map { _ in "\(value)" }.joined(separator: ",")
    }

    private static func table(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

    @Test("good and bad windows of both views are told apart")
    func reading() throws {
        let table = try WindowTable(
            Self.table([
                Self.header, Self.line("source", "", 1), Self.line("source", "bad", 2),
                Self.line("destination", "good", 3),
            ]))
        #expect(table.rows.map(\.isAttack) == [false, true, false])
        let set = TrainingSet(table, shipped: try .embedded())
        #expect(set.source.rows.allSatisfy { $0 == 1 } && set.source.count == 1)
        #expect(set.source.attacks.allSatisfy { $0 == 2 })
        #expect(set.destination.count == 1)
    }

    @Test(
        "a table that cannot be read is refused by its line",
        arguments: [
            ("", 1, "view"), ("view,label\n", 1, "column 'packets'"),
            (table([header, "source,good"]), 2, "2 fields"),
            (table([header, line("source", "", 1), line("sideways", "", 1)]), 3, "sideways"),
            (table([header, line("source", "maybe", 1)]), 2, "maybe"),
            (table([header, line("source", "", .infinity)]), 2, "no number"),
        ])
    func refused(text: String, line: Int, message: String) {
        #expect { try WindowTable(text) } throws: { error in
            (error as? WindowTableError).map { $0.line == line && $0.message.contains(message) } ?? false
        }
    }

    @Test(
        "a table makes a model of a site that survives being written and read",
        arguments: [.kmeans, .trees] as [ModelKind])
    func sites(kind: ModelKind) throws {
        var random = SeededGenerator(seed: 1)
        var lines = [Self.header]
        for row in 0..<180 {
            let view = row.isMultiple(of: 2) ? "source" : "destination"
            let label = row % 6 < 2 ? "bad" : "good"
            let values = Self.names.map { _ in
                "\(random.normal() + (label == "bad" ? random.normal() * 3 : 0))"
            }
            lines.append("\(view),\(label),\(values.joined(separator: ","))")
        }
        let table = try WindowTable(Self.table(lines))
        let set = TrainingSet(table, shipped: try .embedded())
        let model = try Trainer.train(set, kind: kind, seed: 1, steps: 50)
        let again = try SiteModel(file: ModelFile(model.file.bytes))
        #expect(again.file == model.file && again.kind == kind)
        let judged = again.judge(table.rows)
        let area = Importance.area(judged.map(\.score), table.rows.map(\.isAttack))
        #expect(area > 0.9)
    }

    @Test("boosted trees without attacks are refused")
    func noAttacks() throws {
        let lines = (0..<120).map { Self.line($0.isMultiple(of: 2) ? "source" : "destination", "good", 1) }
        let set = TrainingSet(try WindowTable(Self.table([Self.header] + lines)), shipped: try .embedded())
        #expect(throws: TrainingError.noAttacks) { try Trainer.train(set, kind: .trees, seed: 1) }
    }
}
