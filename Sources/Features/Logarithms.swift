/// Counts of one window and of its history, and ln(1 + count) of all of them at once.
///
/// By plain arithmetic, so that windows are the same to the bit on every machine; C libraries differ in the last one. A table of so
/// many is worked on by vectors of whatever width the processor has, for there is no branch.
struct Logarithms {
    /// What a logarithm is taken of; decayed sums by their span in seconds.
    enum Count: Int {
        case packets, bytes, bytesPerFlow, largestFlow
        case flows, peers, destinationPorts, sourcePorts, new
        case unanswered, unansweredBytes, returnedResets, returnedBytes
        case bytesBack60, bytesBack600, usualPackets, usualFlows
        case repeat60, repeat600, tcpRepeat60, tcpRepeat600, login60, login600
        case dnsBytes60, dnsBytes600, dnsExcess60, icmpExcess60, closes60
        case packets10, packets60, packets600
        case bytes10, bytes60, bytes600
        case newFlows10, newFlows60, newFlows600
        case unanswered10, unanswered60, unanswered600
        case resetsReceived10, resetsReceived60, resetsReceived600
        case novel10, novel60, novel600
    }

    private var values = InlineArray<48, Float>(repeating: 0)

    @inline(__always)
    subscript(count: Count) -> Float {
        get { values[count.rawValue] }
        set { values[count.rawValue] = newValue }
    }

    /// Puts ln(1 + count) in the place of each count; 0 in that of a negative one.
    mutating func take() {
        for index in values.indices { values[index] = Self.ofOnePlus(max(0, values[index])) }
    }

    /// ln(1 + count), to 2^-22 of it or of 1.
    ///
    /// With 1 + x = 2^e m and m in sqrt(1/2) to sqrt(2): e ln 2 + 2 artanh((m - 1) / (m + 1)), whose series in s^2 <= 0.0295 is cut
    /// after s^9.
    @inline(__always)
    private static func ofOnePlus(_ count: Float) -> Float {
        let bits = (1 + count).bitPattern
        // The exponent of what is less than sqrt(2) times a power of two, and what is left.
        let exponent = Int32(bitPattern: bits &- 0x3F35_04F3) >> 23
        let m = Float(bitPattern: bits &- UInt32(bitPattern: exponent << 23))
        let s = (m - 1) / (m + 1)
        let square = s * s
        let series = 1 + square * (1.0 / 3 + square * (1.0 / 5 + square * (1.0 / 7 + square * (1.0 / 9))))
        return Float(exponent) * 0.693_147_18 + 2 * s * series
    }
}
