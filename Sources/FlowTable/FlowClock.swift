import CSluiceABI
package import Traffic

/// Turns the 32-bit times of flow entries, in units of 2^20 ns, into points in time.
///
/// They wrap after 52 days; a time is taken as the latest one before `now` that has these bits.
package struct FlowClock: Sendable {
    let now: Timestamp
    private let units: UInt32

    /// - Parameters:
    ///   - now: this moment, in the time that samples are to carry.
    ///   - counter: the same moment on the clock that the data plane stamps with, in nanoseconds.
    package init(now: Timestamp, counter: UInt64) {
        // To the start of the unit: bits below are lost in the entries, too.
        self.now = Timestamp(nanoseconds: now.nanoseconds - Int64(counter & (1 << FLOW_TIME_SHIFT - 1)))
        units = UInt32(truncatingIfNeeded: counter >> FLOW_TIME_SHIFT)
    }

    /// The point in time that a stamp stands for.
    package func time(of stamp: UInt32) -> Timestamp {
        Timestamp(nanoseconds: nanoseconds(at: age(of: stamp)))
    }

    /// How long ago a stamp was made, in its units.
    func age(of stamp: UInt32) -> UInt32 {
        let age = units &- stamp
        // Packets go on coming after the counter was read.
        return age < 1 << 31 ? age : 0
    }

    /// The point in time of what is that old, in nanoseconds.
    func nanoseconds(at age: UInt32) -> Int64 { now.nanoseconds - Int64(age) << FLOW_TIME_SHIFT }
}
