import ArgumentParser
import Features
import Traffic

/// A digest of all windows of scripted traffic: two builds that print the same give the same windows, bit by bit.
struct DigestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract: "Prints a digest of the windows of scripted traffic, to compare builds by.")

    @Option(help: "Seeds of the traffic.") var seeds = 3
    @Option(help: "Readings of each; of steady traffic five times as many.") var readings = 150

    func run() {
        for seed in 0..<seeds {
            var (mixed, steady) = (MixedTraffic(seed: UInt64(seed)), SteadyTraffic(seed: UInt64(seed)))
            print("mixed", seed, digest(number: seed, readings: readings) { mixed.next() })
            print("steady", seed, digest(number: seed, readings: 5 * readings) { steady.next() })
        }
    }

    private func digest(number: Int, readings: Int, next: () -> Reading) -> WindowDigest {
        var digest = WindowDigest()
        var builder = WindowBuilder(configuration: Self.configuration(number: number))
        for _ in 0..<readings {
            let batches = builder.observe(next())
            digest.add(batches.source)
            digest.add(batches.destination)
        }
        return digest
    }

    /// Tables with room for all, and tables and windows that are far too few.
    private static func configuration(number: Int) -> WindowConfiguration {
        var configuration = WindowConfiguration()
        configuration.localPrefixes = [Prefix(Address(ipv6High: 0x2001_0DB8_0001_0000, low: 0), length: 48)]
        guard number % 3 > 0 else { return configuration }
        (configuration.sourceCapacity, configuration.destinationCapacity) = (256, 128)
        (configuration.conversationCapacity, configuration.serviceCapacity) = (1_024, 512)
        configuration.maximumWindows = number % 3 == 1 ? 4_096 : 50
        return configuration
    }
}

/// FNV-1a over everything that a window says (Fowler, Noll, Vo).
struct WindowDigest: CustomStringConvertible {
    private var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private var windows = 0

    mutating func add(_ batch: WindowBatch) {
        windows += batch.windows.count
        for row in batch.windows.indices {
            for byte in "\(batch.windows[row])".utf8 { add(UInt64(byte)) }
            for feature in batch.features(of: row) { add(UInt64(feature.bitPattern)) }
        }
    }

    private mutating func add(_ value: UInt64) { hash = (hash ^ value) &* 0x0100_0000_01B3 }

    var description: String { "\(windows) windows \(String(hash, radix: 16))" }
}
