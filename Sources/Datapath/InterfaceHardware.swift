import CLibbpf
import Glibc

/// What the driver of an interface says of it (ethtool); what it does not say is `nil` or empty.
package struct InterfaceHardware: Hashable, Sendable {
    /// `virtio_net`, `veth`, `i40e` ...
    package var driver: String?
    package var mtu: Int?
    /// Pairs of queues in use, and how many there could be.
    package var queues: (inUse: Int, most: Int)? {
        get { queueCounts.map { ($0[0], $0[1]) } }
        set { queueCounts = newValue.map { [$0.inUse, $0.most] } }
    }
    private var queueCounts: [Int]?
    /// Offloads that are on: `rx-lro`, `rx-gro-hw` ...
    package var features: Set<String> = []
    /// Those that cannot be changed here.
    package var fixedFeatures: Set<String> = []

    /// Nothing known.
    package init() {}

    /// Asks the driver of the interface with this name.
    package init(of name: String) {
        let mtu = unsafe sluice_interface_mtu(name)
        self.mtu = mtu < 0 ? nil : Int(mtu)
        var info = ethtool_drvinfo()
        info.cmd = UInt32(ETHTOOL_GDRVINFO)
        if unsafe sluice_interface_ethtool(name, &info) == 0 {
            driver = unsafe withUnsafeBytes(of: info.driver) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        var channels = ethtool_channels()
        channels.cmd = UInt32(ETHTOOL_GCHANNELS)
        if unsafe sluice_interface_ethtool(name, &channels) == 0 {
            let most = max(channels.max_combined, min(channels.max_rx, channels.max_tx))
            let inUse = max(channels.combined_count, min(channels.rx_count, channels.tx_count))
            queueCounts = [Int(inUse), Int(most)]
        }
        (features, fixedFeatures) = Self.features(of: name)
    }

    private static func features(of name: String) -> (active: Set<String>, fixed: Set<String>) {
        // struct ethtool_sset_info: command, reserved, mask, one count.
        var sets: [UInt32] = [UInt32(ETHTOOL_GSSET_INFO), 0, 1 << UInt32(ETH_SS_FEATURES.rawValue), 0, 0]
        guard unsafe sluice_interface_ethtool(name, &sets) == 0, sets[2] != 0, sets[4] <= 256 else {
            return ([], [])
        }
        let (count, width) = (Int(sets[4]), Int(ETH_GSTRING_LEN))
        // struct ethtool_gstrings: command, set, count, names of 32 bytes each.
        var names = [UInt32](repeating: 0, count: 3 + count * width / 4)
        names.replaceSubrange(
            0..<3, with: [UInt32(ETHTOOL_GSTRINGS), ETH_SS_FEATURES.rawValue, UInt32(count)])
        // struct ethtool_gfeatures: command, count of blocks, blocks of (available, requested, active, never changed).
        let blocks = (count + 31) / 32
        var states = [UInt32](repeating: 0, count: 2 + blocks * 4)
        states.replaceSubrange(0..<2, with: [UInt32(ETHTOOL_GFEATURES), UInt32(blocks)])
        guard unsafe sluice_interface_ethtool(name, &names) == 0,
            unsafe sluice_interface_ethtool(name, &states) == 0
        else { return ([], []) }
        let all = unsafe names.withUnsafeBytes { raw in
            (0..<count).map { place in
                let start = 12 + place * width
                return unsafe String(decoding: raw[start..<start + width].prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        func has(_ place: Int, _ state: Int) -> Bool {
            states[2 + place / 32 * 4 + state] & 1 << UInt32(place % 32) != 0
        }
        let fixed = all.indices.filter { has($0, 3) || !has($0, 0) }
        return (Set(all.indices.filter { has($0, 2) }.map { all[$0] }), Set(fixed.map { all[$0] }))
    }
}
