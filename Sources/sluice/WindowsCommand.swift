import ArgumentParser
import Detection
import Features
import Traffic

/// The command `sluice windows`.
struct WindowsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "windows",
        abstract: "Print the windows of captures with all their features, as a table to label or to study.",
        discussion: """
            Comma-separated values: time, view, entity, an empty label, and the features of one second (docs/detection.md). Write \
            `good` or `bad` into the label, and `sluice train --model trees` learns from it.
            """)

    @Argument(help: "Captures.", completion: .file(extensions: ["pcap", "pcapng"]))
    var captures: [String]

    func run() async throws {
        try await finish {
            let output = LineWriter()
            try output.write(WindowTable.header)
            let progress = ReplayProgress(of: captures.count)
            for path in captures {
                var builder = WindowBuilder()
                try SiteWindows.readings(of: path, every: WindowBuilder.span, progress) { reading in
                    let batches = builder.observe(reading)
                    for batch in [batches.source, batches.destination] {
                        for row in batch.windows.indices {
                            try output.write(WindowTable.line(of: row, in: batch, at: reading.end))
                        }
                    }
                }
            }
            try output.flush()
            return ""
        }
    }
}
