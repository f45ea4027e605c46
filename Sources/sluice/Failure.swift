import API
import ArgumentParser
import Configuration
import Control
import Foundation
import Signing

/// An error as people get to see it: what happened, what to do, and the exit code.
struct Failure: Error, Hashable, CustomStringConvertible {
    var message: String
    var hint: String?
    var exitCode: ExitCode

    /// `sluice: MESSAGE`, and a line with what to do.
    var description: String {
        "sluice: \(message)\n" + (hint.map { "  \($0)\n" } ?? "")
    }

    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as AgentUnreachable: self = Failure(unreachable: error)
        case let error as ControlError: self = Failure(control: error)
        case let error as AgentInTheWay: self.init(error.description, exitCode: ExitCode(5))
        case let error as HiddenAgent: self.init(error.description, exitCode: ExitCode(5))
        case let error as ConfigurationError: self.init(error.description, exitCode: ExitCode(2))
        case let error as SignatureError: self.init(error.description, exitCode: ExitCode(5))
        case let error as CocoaError: self.init(error.words, exitCode: .failure)
        case let error as ValidationError: self.init(error.message, exitCode: .validationFailure)
        default: self.init("\(error)", exitCode: .failure)
        }
    }

    init(_ message: String, hint: String? = nil, exitCode: ExitCode) {
        self.message = message
        self.hint = hint
        self.exitCode = exitCode
    }

    private init(control error: ControlError) {
        let exitCode: ExitCode =
            switch error.code {
            case .notFound: ExitCode(4)
            case .refused: ExitCode(5)
            case .forbidden: ExitCode(6)
            case .invalid, .methodNotAllowed, .tooLarge, .failed, .unavailable: .failure
            }
        self.init(error.message, hint: error.hint, exitCode: exitCode)
    }

    private init(unreachable error: AgentUnreachable) {
        let socket = error.socket
        let (message, hint): (String, String?) =
            switch error.reason {
            case .notRunning:
                (
                    "no agent answers at \(socket)",
                    "Start one with `sudo sluice run --interface NAME`, or name its socket with --socket."
                )
            case .notPermitted:
                ("not allowed to open \(socket)", "Use sudo, or become a member of the socket's group.")
            case .hungUp(let detail):
                (
                    "the agent at \(socket) hung up: \(detail)",
                    "Is it a Sluice agent, and is it still running?"
                )
            case .ended: ("the agent at \(socket) has stopped", nil)
            case .other(let detail):
                ("cannot connect to \(socket): \(detail)", nil)
            }
        self.init(message, hint: hint, exitCode: ExitCode(3))
    }
}

extension CocoaError {
    /// Which file it is about, and what the system said.
    fileprivate var words: String {
        let reason = (underlying as? POSIXError).map { unsafe String(cString: strerror($0.code.rawValue)) }
        let file = (filePath ?? url?.path).map { "\($0): " } ?? ""
        return file + (reason ?? localizedDescription)
    }
}
