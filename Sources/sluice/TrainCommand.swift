import Agent
import ArgumentParser
import Configuration
import Detection
import Features
import Foundation
import Models
import Replay
import Terminal
import Traffic

/// The command `sluice train`.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Make the model that comes with the program, from captures of benign traffic.",
        discussion: """
            Each capture is taken as a network of its own. The result is a safetensors file; built into the \
            program it stands at Sources/Detection/Resources/default.safetensors. Models of a site are trained \
            by the agent itself, from what it sees.
            """)

    @Argument(help: "Captures with benign traffic only.", completion: .file(extensions: ["pcap", "pcapng"]))
    var captures: [String]

    @Option(help: ArgumentHelp("Where to write the model.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Name and version of the model.", valueName: "name"))
    var name = "default-1"

    func run() async throws {
        try await finish {
            var training = ShippedModelTraining()
            let progress = ReplayProgress()
            for path in captures {
                let source = try CaptureSource([Capture(path: path)])
                var now = source.firstTime
                while let next = source.nextTime {
                    now = max(now + Configuration().interval, next - Configuration().interval)
                    training.add(source.read(at: now))
                    progress.show(now)
                }
                // A model made of half a capture is none.
                if let failure = source.failure { throw failure }
                training.endCapture()
            }
            progress.clear()
            let model = try training.train(name: name)
            let bytes = Data(model.file.bytes)
            try bytes.write(to: URL(fileURLWithPath: output), options: .atomic)
            return "\(output): model \(name) from \(counted(training.count.source, "source window")), "
                + "\(counted(training.count.destination, "destination window")), \(Double(bytes.count).bytes)\n"
        }
    }
}
