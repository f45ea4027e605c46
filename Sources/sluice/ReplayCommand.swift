import ArgumentParser
import Configuration
import Foundation
import Rehearsal
import Replay
import Terminal
import Traffic

/// The command `sluice replay`.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Run captures through the agent, and print what it would have done.",
        discussion: """
            The captures (pcap or pcapng, also packed by gzip, zstd or xz; `-` is standard input; link types: \
            \(LinkType.known)) go through the same parser, flow \
            table, models and policy as live packets, on their own clock, as fast as possible. Nothing is \
            blocked. Output is JSON Lines: `alert`, `ban`, `unban`, with --windows every scored `window`, and \
            last a `summary`. With --flows: every flow of each capture with packets and bytes, then the totals. \
            Bytes are those on the wire, also where frames were cut when they were captured (`tcpdump -s`); where a \
            capture has no Ethernet header, those from the IP header on. Frames of an interface of another link type \
            are left out, which is said on standard error and in the last line.
            """)

    @Argument(
        help: "Captures, in the order of their times.",
        completion: .file(extensions: ["pcap", "pcapng", "gz", "zst", "xz"]))
    var captures: [String]

    @Flag(help: "Print what each capture holds, flow by flow, and judge nothing.")
    var flows = false

    @Flag(help: "Print every scored window.")
    var windows = false

    @Option(
        help: ArgumentHelp("Learn what is usual from the first part of the captures.", valueName: "duration"),
        transform: parseDuration)
    var learn: Duration?

    @Option(
        help: ArgumentHelp("Configuration file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func run() async throws {
        try await finish {
            let output = LineWriter()
            // What was found before a capture turns out to be cut off is worth having.
            let result = Result { if flows { try printFlows(to: output) } else { try replay(to: output) } }
            try output.flush()
            try result.get()
            return ""
        }
    }

    private func printFlows(to output: LineWriter) throws {
        for path in captures {
            let accounts = FlowAccounts(of: try Capture(path: path))
            for line in FlowLines.lines(accounts) { try output.write(line) }
            warn(of: accounts.leftOut)
            if let failure = accounts.failure { throw failure }
        }
    }

    private func replay(to output: LineWriter) throws {
        let configuration = try config.map { try Configuration(file: $0) } ?? Configuration()
        let replay = try ReplayRun(
            captures.map { try Capture(path: $0) }, configuration: configuration, learning: learn)
        let progress = ReplayProgress()
        var failure: (any Error)?
        let summary = try replay.run { step in
            do {
                switch step {
                case .reading: break
                case .window(let entity, let score, let time):
                    if windows { try output.write(EventLine.window(entity, score: score, at: time)) }
                case .event(let event, let time):
                    if let line = EventLine.line(event, at: time) { try output.write(line) }
                }
            } catch {
                failure = failure ?? error
            }
        } progress: {
            progress.show($0)
        }
        progress.clear()
        if let failure { throw failure }
        try output.write(
            EventLine.summary(
                first: summary.firstTime, last: summary.lastTime, totals: summary.totals,
                alerts: summary.alerts, leftOut: summary.leftOut, model: summary.model))
        warn(of: summary.leftOut)
        if let failure = summary.failure { throw failure }
    }
}
