package import CSluiceABI
package import Traffic

extension Totals {
    /// From the data plane's counters of one segment.
    package init(_ totals: FrameTotalsABI) {
        self.init()
        unsafe withUnsafeBytes(of: totals.count) { raw in
            let counts = unsafe raw.bindMemory(to: FrameCountABI.self)
            let count = { (kind: frame_kind) in
                let entry = unsafe counts[Int(kind.rawValue)]
                return Count(packets: entry.packets, bytes: entry.bytes)
            }
            flow = count(FRAME_FLOW)
            aside = count(FRAME_ASIDE)
            dropped = count(FRAME_DROPPED)
            other = count(FRAME_OTHER)
            for kind in [
                FRAME_SHORT, FRAME_VERSION, FRAME_HEADER_LENGTH, FRAME_EXTENSION, FRAME_EXTENSION_CHAIN,
            ] {
                malformed += count(kind)
            }
        }
    }
}
