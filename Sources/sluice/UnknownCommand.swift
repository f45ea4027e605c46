import ArgumentParser
import Configuration
import Foundation

extension Sluice {
    /// As every `AsyncParsableCommand` starts, but with the nearest word for a command that there is not.
    static func main() async {
        openMissingStreams()
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let failure = unknownCommand(in: arguments) {
            FileHandle.standardError.write(Data(failure.description.utf8))
            exit(withError: failure.exitCode)
        }
        await main(arguments)
    }

    /// What is wrong with the words before the first option, if they name no command.
    private static func unknownCommand(in arguments: [String]) -> Failure? {
        var command: any ParsableCommand.Type = Sluice.self
        var path: [String] = []
        // `help` goes before the command that it is about.
        let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
        for word in words.prefix(while: { !$0.hasPrefix("-") }) {
            let commands = command.configuration.subcommands
            if commands.isEmpty { return nil }
            if let next = commands.first(where: { $0._commandName == word }) {
                command = next
                path.append(word)
                continue
            }
            let names = commands.map { $0._commandName }
            let hint = suggestion(for: word, among: names)
            // What is not near any command may be an argument of the one that is meant without a word.
            if hint.isEmpty, command.configuration.defaultSubcommand != nil { return nil }
            let name = (path + [word]).joined(separator: " ")
            let help = (["sluice"] + path + ["--help"]).joined(separator: " ")
            return Failure(
                "there is no command `\(name)`\(hint)", hint: "\(help) lists them.",
                exitCode: .validationFailure)
        }
        return nil
    }
}
