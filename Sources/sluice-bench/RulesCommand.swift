import ArgumentParser
import BPF
import Datapath
import Traffic

/// Time from the agent's call to the last rule in force, beside a bare batched update of a BPF map with as many entries.
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Installs, counts and removes rules.")

    @Option(help: "How often each case is measured; the median counts.") var rounds = 5

    func run() throws {
        let million = 1 << 20
        print("seconds, median of \(rounds)             install  bare batch    ratio   counters      remove")
        try measure("1 M IPv4 addresses", rules: million) { index in
            Prefix(Address(ipv4: scattered(index)))
        } bare: {
            try BareMap(.hash, keys: (0..<million).map { scattered($0) })
        }
        try measure("1 M IPv6 /64s", rules: million) { index in
            Prefix(ipv6(index), length: 64)
        } bare: {
            try BareMap(
                .hash, keys: (0..<million).map { AddressKey(high: ipv6($0).high, low: 0, length: 64) })
        }
        try measure("64 k IPv4 prefixes", rules: 1 << 16) { index in
            Prefix(Address(ipv4: scattered(index)), length: 24 + index % 8)
        } bare: {
            try BareMap(
                .longestPrefixTrie,
                keys: (0..<1 << 16).map {
                    PrefixKey4(length: UInt32(24 + $0 % 8), address: scattered($0).bigEndian)
                })
        }
        try measure("64 k IPv6 prefixes", rules: 1 << 16) { index in
            Prefix(ipv6(index), length: 52 + index % 12)
        } bare: {
            try BareMap(
                .longestPrefixTrie,
                keys: (0..<1 << 16).map { index in
                    let prefix = Prefix(ipv6(index), length: 52 + index % 12)
                    return PrefixKey6(
                        length: UInt32(prefix.length), high: prefix.address.high.bigEndian, low: 0)
                })
        }
    }

    /// Cases take turns, since the speed of a machine changes while one measures.
    private func measure<Key>(
        _ name: String, rules count: Int, prefix: (Int) -> Prefix, bare: () throws -> BareMap<Key>
    ) throws {
        let rules = (0..<count).map { index in
            Rule(id: UInt32(index + 1), match: .source(prefix(index)), action: .deny, origin: .automatic)
        }
        var times: [(install: Duration, bare: Duration, counters: Duration, remove: Duration)] = []
        for _ in 0..<rounds {
            let map = try bare()
            let datapath = try Datapath(
                loading: .shipped(), options: DatapathOptions(ruleSlots: 1 << 20), now: .now)
            let clock = ContinuousClock()
            let install = try clock.measure { try datapath.install(rules) }
            let update = try clock.measure { try map.fill() }
            var counted = 0
            let counters = try clock.measure { counted = try datapath.counters().count }
            guard counted == count else {
                throw ValidationError("\(name): \(counted) of \(count) rules are there")
            }
            let remove = try clock.measure { try datapath.remove(rules) }
            times.append((install, update, counters, remove))
        }
        func median(_ value: (Int) -> Duration) -> Double {
            times.indices.map(value).sorted()[times.count / 2] / .seconds(1)
        }
        let (install, update) = (median { times[$0].install }, median { times[$0].bare })
        let columns = [
            install, update, install / update, median { times[$0].counters }, median { times[$0].remove },
        ]
        let text = columns.map { pad(rounded($0), to: 12, right: true) }.joined()
        print(pad(name, to: 24, right: false) + text)
    }
}

private func ipv6(_ index: Int) -> Address {
    Address(ipv6High: 0x2001 << 48 | UInt64(scattered(index)) << 12, low: 0)
}
