import Foundation

/// The ports of the bridge, by the names of the hosts behind them.
///
/// Their counters stand in `/proc/PID/net/dev` of a process in the bridge's namespace: a read costs some tens of
/// microseconds, where asking a tool would cost a process each time.
struct Ports: Sendable {
    /// A process in the bridge's namespace.
    let process: Int

    /// Packets that came in through each port.
    func received() throws -> [String: UInt64] {
        Self.parse(try String(contentsOfFile: "/proc/\(process)/net/dev", encoding: .utf8))
    }

    /// Packets that a host has sent.
    func received(from host: String) throws -> UInt64 {
        guard let packets = try received()[host] else {
            throw LabError("the bridge has no port '\(host)': something took the lab apart")
        }
        return packets
    }

    /// After two lines of headings, each line is `name: bytes packets errs drop ...`, received first.
    static func parse(_ text: String) -> [String: UInt64] {
        var counters: [String: UInt64] = [:]
        for line in text.split(separator: "\n").dropFirst(2) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let name = parts[0].split(separator: " ").first else { continue }
            let fields = parts[1].split(separator: " ")
            guard fields.count > 1, let packets = UInt64(fields[1]) else { continue }
            counters[String(name)] = packets
        }
        return counters
    }
}
