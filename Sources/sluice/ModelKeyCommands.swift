import API
import ArgumentParser
import Configuration
import Control
import Detection
import Foundation
import Models
import Signing
import Terminal
import Traffic

/// The command `sluice model key`.
struct ModelKeyCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the public key by which the agent signs its models.",
        discussion: "Another agent takes models of this one if its models.trusted_keys has the key.")

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> ModelKeys { try await service.keys() }

    func text(_ keys: ModelKeys, on screen: Screen, at now: Timestamp) -> String { keys.own + "\n" }
}

/// The command `sluice model verify`.
struct ModelVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Say whether a model file is whole, and signed by a trusted key.",
        discussion: """
            Trusted are the keys that the agent trusts, its own first; with --key, that key alone, and no agent is \
            asked. Exits with 0 if so, with 5 if the signature is missing, broken or by another key, and with 1 if the \
            file is no model of this version.
            """)

    @Argument(help: "Model file.", completion: .file(extensions: ["safetensors"]))
    var file: String

    @Option(help: ArgumentHelp("Public key, as `sluice model key` prints it.", valueName: "key"))
    var key: String?

    @Option(help: ArgumentHelp("Socket of the agent.", valueName: "path"))
    var socket = Configuration().socket

    func run() async throws {
        try await finish {
            let content = try ModelFile(Array(Data(contentsOf: URL(filePath: file))))
            let signer = try content.verify(trusting: try await trusted())
            let model = try SiteModel(file: content)
            return "\(file): model \(model.name), signed by \(signer)\n"
        }
    }

    private func trusted() async throws -> Set<String> {
        if let key { return [key.lowercased()] }
        let keys = try await ControlClient(socket: socket).keys()
        return Set(keys.trusted).union([keys.own])
    }
}
