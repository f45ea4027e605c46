import ArgumentParser
import Datapath
import Foundation
import Policy
import Store
import Traffic

/// What an agent does at its start for what it remembers: from the database to rules in the kernel.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Restores many bans; prints the seconds that each part takes.")

    @Option(help: "Bans, half of them of each family.") var bans = 100_000
    @Option(help: "How often it is measured; the median counts.") var rounds = 5

    func run() throws {
        guard bans >= 1, rounds >= 1 else { throw ValidationError("too little to measure") }
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "sluice.db").path
        try fill(path)
        var times: [[Duration]] = []
        for _ in 0..<rounds {
            let clock = ContinuousClock()
            let start = clock.now
            let store = try Store(path: path)
            let opened = clock.now
            let saved = try store.savedState(at: .now, memory: .seconds(86_400))
            let read = clock.now
            var policy = Policy(settings: PolicySettings(), mode: .enforce)
            _ = policy.start(allowing: [], restoring: saved, at: .now)
            let rules = policy.rules
            let decided = clock.now
            // Loading the program takes as long without any ban.
            let datapath = try Datapath(
                loading: .shipped(), options: DatapathOptions(ruleSlots: 1 << 17), now: .now)
            let loaded = clock.now
            try datapath.install(rules)
            let end = clock.now
            guard rules.count == bans else {
                throw ValidationError("\(rules.count) of \(bans) bans are back")
            }
            let parts = [opened - start, read - opened, decided - read, end - loaded]
            times.append(parts + [parts.reduce(.zero, +)])
        }
        print("seconds, median of \(rounds)       open        read      policy     install         all")
        let medians = times[0].indices.map { part in times.map { $0[part] }.sorted()[rounds / 2] / .seconds(1)
        }
        print(
            pad("\(bans) bans", to: 16, right: false)
                + medians.map { pad(rounded($0), to: 12, right: true) }.joined())
    }

    /// Makes the database that an agent leaves.
    private func fill(_ path: String) throws {
        let store = try Store(path: path)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        for start in stride(from: 0, to: bans, by: 10_000) {
            var changes = Changes()
            for index in start..<min(start + 10_000, bans) {
                let address =
                    index % 2 == 0
                    ? Address(ipv4: 0x0B00_0000 + UInt32(index))
                    : Address(ipv6High: 0x2001_0DB8_0000_0000 + UInt64(index), low: 1)
                changes += try policy.ban(Prefix(address), for: nil, reason: nil, at: .now).1
            }
            try store.save(changes.events, by: "bench", at: .now)
        }
    }
}
