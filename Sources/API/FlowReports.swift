package import Traffic

/// One direction of a conversation, as it was in the latest reading.
package struct FlowReport: Codable, Hashable, Sendable {
    package var source: Address
    /// 0 where the protocol has no ports.
    package var sourcePort: UInt16
    package var destination: Address
    /// Of ICMP: type * 256 + code.
    package var destinationPort: UInt16
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a number.
    package var `protocol`: String
    package var packetsPerSecond: Double
    package var bytesPerSecond: Double

    package init(
        source: Address, sourcePort: UInt16, destination: Address, destinationPort: UInt16,
        protocol: String, packetsPerSecond: Double, bytesPerSecond: Double
    ) {
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
        self.protocol = `protocol`
        self.packetsPerSecond = packetsPerSecond
        self.bytesPerSecond = bytesPerSecond
    }
}

/// `GET flows`: the busiest flows of the latest reading.
package struct FlowList: Codable, Hashable, Sendable {
    package var flows: [FlowReport]
    package init(flows: [FlowReport]) { self.flows = flows }
}

extension FlowQuery {
    /// What is wanted of a reading that took `seconds`.
    package func select(_ samples: [FlowSample], seconds: Double) -> [FlowReport] {
        let wanted = samples.filter { sample in source.map { $0.contains(sample.key.source) } ?? true }
        let sorted =
            switch order {
            case .packets: wanted.sorted { $0.packets > $1.packets }
            case .bytes: wanted.sorted { $0.bytes > $1.bytes }
            }
        return sorted.prefix(limit).map { FlowReport($0, seconds: seconds) }
    }
}

extension FlowReport {
    fileprivate init(_ sample: FlowSample, seconds: Double) {
        let key = sample.key
        self.init(
            source: key.source, sourcePort: key.sourcePort, destination: key.destination,
            destinationPort: key.destinationPort, protocol: "\(key.protocol)",
            packetsPerSecond: Double(sample.packets) / seconds, bytesPerSecond: Double(sample.bytes) / seconds
        )
    }
}
