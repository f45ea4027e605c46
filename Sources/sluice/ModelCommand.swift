import API
import ArgumentParser
import Control
import Foundation
import Terminal
import Traffic

/// The command `sluice model`.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "The models that learned what is normal here.",
        subcommands: [
            ListModels.self, ModelDiffCommand.self, PromoteModel.self, RollBackModel.self, ExportModel.self,
            ImportModel.self, ModelInspectCommand.self, ModelScoreCommand.self, ModelKeyCommand.self,
            ModelVerifyCommand.self,
        ])
}

/// The command `sluice model list`.
struct ListModels: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Every model that is kept, the one trained last first.")

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> ModelList {
        ModelList(models: try await service.models())
    }

    func printout(_ list: ModelList, at now: Timestamp) -> Printout {
        Printout(list, rows: list.models, nothing: "No model has been learned yet.", at: now)
    }
}

extension ModelReport: ListRow {
    static func columns(at now: Timestamp) -> [Column<ModelReport>] {
        [
            Column("id", "MODEL", value: { $0.id }),
            Column("group", "GROUP", dispensability: 2, value: { $0.group }),
            Column(
                "role", "ROLE", value: { $0.role },
                cell: { model in
                    let part = model.trial.map { " (\($0.percent) of its trial)" } ?? ""
                    return Table.Cell(model.role + part, model.role == "champion" ? .good : .plain)
                }),
            Column(
                "trained", "TRAINED", .right, value: { $0.trained.rfc3339 },
                cell: { Table.Cell($0.trained.age(at: now)) }),
            Column(
                "since", "SINCE", .right, dispensability: 1, value: { $0.since.rfc3339 },
                cell: { Table.Cell($0.since.age(at: now)) }),
            Column("size", value: { $0.size }),
            Column("trial", value: { $0.trial }),
            Column("note", "WHY", isFlexible: true, value: { $0.note }),
        ]
    }
}

extension ModelReport {
    /// ` for GROUP`, of a policy group's own model.
    fileprivate var spokenGroup: String { group.map { " for \($0.printable)" } ?? "" }
}

/// The option of commands that put a model in use at once.
struct PromotionOptions: ParsableArguments {
    @Flag(help: "Even if it misses a stored attack that the one in use finds.")
    var force = false

    /// As a request has it.
    var request: Bool? { force ? true : nil }
}

/// The command `sluice model promote`.
struct PromoteModel: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Put a model in use at once, without a trial.",
        discussion: "It must find every stored attack that the one in use finds.")

    @Argument(help: "As in `sluice model list`.")
    var id: String

    @OptionGroup var promotion: PromotionOptions

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> ModelReport {
        try await service.promote(PromotionRequest(id: id, force: promotion.request))
    }

    func text(_ model: ModelReport, on screen: Screen, at now: Timestamp) -> String {
        "The model \(model.id) is in use\(model.spokenGroup).\n"
    }
}

/// The command `sluice model rollback`.
struct RollBackModel: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Go back to the model that was in use before.")

    @Option(help: "Of this policy group; otherwise of all that have no model of their own.")
    var group: String?

    @OptionGroup var promotion: PromotionOptions

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> ModelReport {
        try await service.promote(PromotionRequest(id: nil, group: group, force: promotion.request))
    }

    func text(_ model: ModelReport, on screen: Screen, at now: Timestamp) -> String {
        "The model \(model.id) is in use again\(model.spokenGroup).\n"
    }
}

/// The command `sluice model export`.
struct ExportModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a model to a file (safetensors).")

    @Argument(help: "As in `sluice model list`.")
    var id: String

    @Argument(help: "Where to write it.", completion: .file())
    var file: String

    @OptionGroup var agent: AgentOptions

    func run() async throws {
        try await finish {
            let document = try await ControlClient(socket: agent.socket).model(id)
            try document.data.write(to: URL(filePath: file), options: .atomic)
            return ""
        }
    }
}

/// The command `sluice model import`.
struct ImportModel: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Put a model from a file on trial beside the one in use.",
        discussion: """
            The file must be signed by the agent itself, or by one of the keys in models.trusted_keys. Before the trial, \
            stored attacks are tried on the model in the background: it must find those that the one in use finds, and \
            `sluice model list` says if it does not. `sluice model promote` puts it in use without waiting for the trial's end.
            """)

    @Argument(help: "The file, as `sluice model export` wrote it.", completion: .file())
    var file: String

    @Option(help: "For this policy group; otherwise for the one that the model was trained for.")
    var group: String?

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> ModelReport {
        try await service.challenge(
            ModelDocument(data: try Data(contentsOf: URL(filePath: file)), group: group))
    }

    func text(_ model: ModelReport, on screen: Screen, at now: Timestamp) -> String {
        "The model \(model.id) will judge beside the one in use\(model.spokenGroup), if it finds what that one finds.\n"
    }
}
