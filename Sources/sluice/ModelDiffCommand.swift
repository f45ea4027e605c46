import API
import ArgumentParser
import Control
import Detection
import Features
import Models
import Terminal
import Traffic

/// The command `sluice model diff`.
struct ModelDiffCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "How what is usual changed from one model to another.",
        discussion: """
            Features by how far their median moved, in the deviations (robust) of the first model: what moved \
            by more than 1 is usual now where it was not before.
            """)

    @Argument(help: "As in `sluice model list`.")
    var before: String

    @Argument(help: "As in `sluice model list`.")
    var after: String

    @Option(help: "How many features at most.", transform: parseLimit)
    var limit = 20

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> [Difference] {
        let (first, second) = (try await model(before, service), try await model(after, service))
        return second.differences(from: first).prefix(limit).filter { abs($0.shift) >= 0.01 }.map(
            Difference.init)
    }

    private func model(_ id: String, _ service: any ControlService) async throws -> SiteModel {
        try SiteModel(file: ModelFile(Array(try await service.model(id).data)))
    }

    func printout(_ rows: [Difference], at now: Timestamp) -> Printout {
        Printout(rows, rows: rows, nothing: "No feature's usual value changed.", at: now)
    }

    /// A line of the answer.
    struct Difference: ListRow {
        var view: String
        var feature: String
        var before, after, shift: Double

        fileprivate init(_ difference: ModelDifference) {
            view = difference.view.rawValue
            feature = difference.feature
            before = difference.before
            after = difference.after
            shift = difference.shift
        }

        static func columns(at now: Timestamp) -> [Column<Difference>] {
            [
                Column("view", "SEEN AS", value: { $0.view }),
                Column("feature", "FEATURE", value: { $0.feature }),
                Column(
                    "before", "BEFORE", .right, value: { $0.before }, cell: { Table.Cell($0.before.short) }),
                Column("after", "AFTER", .right, value: { $0.after }, cell: { Table.Cell($0.after.short) }),
                Column(
                    "shift", "MOVED BY", .right, value: { $0.shift },
                    cell: { Table.Cell($0.shift.short, abs($0.shift) > 1 ? .warning : .plain) }),
            ]
        }
    }
}
