package import Traffic

/// What one entity did in the second that ends now, with what rules and explanations need beside the features.
package struct Window: Sendable {
    package var entity: Entity
    /// Where the builder keeps the entity's history: equal slot and serial mean the same entity, uninterrupted.
    package var slot: Int
    package var serial: UInt32
    package var packets: UInt64
    package var bytes: UInt64
    package var evidence: Evidence
    /// It had no traffic in the newest reading: what can be counted is judged, its features say nothing new.
    package var isSilent = false
}

/// Countable facts on which rules with a fixed meaning rest; not on any model's scale.
///
/// All are about conversations that the source began: who only answers leaves none of them.
package struct Evidence: Hashable, Sendable {
    /// Packets in conversations that the source began.
    package var initiatedPackets: UInt64 = 0
    /// TCP SYN packets, and those among them whose connection is not established.
    package var synPackets: UInt64 = 0
    package var halfOpen: UInt64 = 0
    /// The same, of flows that have waited for the answer for at least 200 ms.
    package var halfOpenWaiting: UInt64 = 0
    /// TCP packets in conversations that the source began, but for its resets.
    package var tcpPackets: UInt64 = 0
    /// Packets and bytes, other than TCP, that got no answer at all.
    package var unansweredPackets: UInt64 = 0
    package var unansweredBytes: UInt64 = 0
    /// The sum of the squares of their lengths.
    package var unansweredSquares = 0.0
    package var icmpPackets: UInt64 = 0
    /// New services that refused, or have been silent for at least 300 ms.
    package var failedServices = 0
    /// Decayed over 60 s: services tried for the first time, and those among them that failed, if that goes on.
    package var novelServices60 = 0.0
    package var failedServices60 = 0.0
    /// Decayed counts of new connections to one service that people log in to.
    package var loginRepeat60 = 0.0
    package var loginRepeat600 = 0.0
    /// The same of connections that all sent nearly the same, and were all answered shortly with nearly the same: to one TCP
    /// service, and to one that people log in to.
    package var alikeRepeat60 = 0.0
    package var alikeLogins600 = 0.0
    /// For how long one service outside, which few others of the site call, has been called as by a clock; likewise one that
    /// is new to the source, and one that it has always called so.
    package var steadySeconds = 0.0
    package var newSteadySeconds = 0.0
    package var habitualSeconds = 0.0
    /// Decayed over 60 s: queries of DNS, and those for longer names than people and programs ask for, if these go on.
    package var dnsQueries60 = 0.0
    package var longQueries60 = 0.0
    /// Connections to one service that are open and were not served a byte for a second.
    package var unserved = 0.0
    /// Distinct peers and distinct destination ports.
    package var peers = 0
    package var ports = 0
    /// Of `halfOpen`, those of the one source that has most; 0 in the view of sources.
    package var largestHalfOpen: UInt64 = 0
    /// Packets of flows without reverse flow (nobody asked for them, or nobody answered), and those of the largest such flow.
    package var oneWayPackets: UInt64 = 0
    package var largestOneWayFlow: UInt64 = 0
    /// Packets that answer what was not seen to be asked: from ports of services that amplify, or SYN-ACKs without more.
    package var reflectedPackets: UInt64 = 0
    /// Packets that no answer is expected to: notices, later fragments, group traffic.
    package var noticePackets: UInt64 = 0
    /// Destination view: packets known from the sketch only.
    package var asidePackets: UInt64 = 0
    /// Whether a connection that it began was proven: it receives what is sent to its address.
    package var isTwoWay = false
    /// Of `initiatedPackets`, those of proven connections.
    package var provenPackets: UInt64 = 0
    /// Of a hundred connections to the blamed login service, or other service, so many were proven.
    package var provenLogins: UInt8 = 0
    package var provenCalls: UInt8 = 0
    /// Packets behind more than eight IPv6 extension headers, which nobody needs: what they carry is not seen.
    package var hiddenPackets: UInt64 = 0
    /// The flow that has most of what it may be blamed for, by what that is.
    package var blamed = Blames()
    /// TCP conversations, other than with login services, in which both sides sent data: business.
    package var served = 0
    /// The flow with the most packets.
    package var largestFlow: FlowKey?
}

extension Evidence {
    /// The standard deviation of the lengths of unanswered packets, as a part of their mean.
    package var unansweredDeviation: Double {
        guard unansweredPackets > 0, unansweredBytes > 0 else { return 0 }
        let mean = Double(unansweredBytes) / Double(unansweredPackets)
        let variance = unansweredSquares / Double(unansweredPackets) - mean * mean
        return max(0, variance).squareRoot() / mean
    }
}

/// The windows of one view at one reading, with their features as one matrix.
package struct WindowBatch: Sendable {
    package internal(set) var windows: [Window] = []
    /// Row by row, `FeatureSchema.count` a window, in the order of `windows`.
    package internal(set) var features: [Float] = []

    package init() {}

    /// Adds a window with its features.
    package mutating func append(_ window: Window, _ row: ArraySlice<Float>) {
        windows.append(window)
        features += row
    }

    /// Some of the windows, in this order.
    package func part(_ rows: [Int]) -> WindowBatch {
        var part = WindowBatch()
        for row in rows { part.append(windows[row], features(of: row)) }
        return part
    }

    /// The features of one window.
    package func features(of row: Int) -> ArraySlice<Float> {
        features[row * FeatureSchema.count..<(row + 1) * FeatureSchema.count]
    }
}
