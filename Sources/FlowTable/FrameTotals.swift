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
            answered = count(FRAME_ANSWERED)
            other = count(FRAME_OTHER)
            martian = count(FRAME_MARTIAN)
            for reason in Malformation.allCases {
                let frames = count(reason.kind)
                if frames.packets > 0 { malformations[reason] = frames }
            }
        }
    }
}

extension Malformation {
    /// Where the data plane counts it.
    fileprivate var kind: frame_kind {
        switch self {
        case .short: FRAME_SHORT
        case .version: FRAME_VERSION
        case .headerLength: FRAME_HEADER_LENGTH
        case .extension: FRAME_EXTENSION
        }
    }
}
