import Replay
import Traffic

/// The JSON Lines of `sluice replay --flows`: one object a flow, sorted, then one with the totals.
///
/// Spelled as Python's `json.dumps` does, so that other readings of a capture can be compared with `diff`.
enum FlowLines {
    static func lines(_ accounts: FlowAccounts) -> [String] {
        let rows = accounts.flows.map { key, count in
            (
                order: (
                    "\(key.source)", "\(key.destination)", key.protocol.rawValue, key.sourcePort,
                    key.destinationPort
                ),
                count: count
            )
        }
        let flows = rows.sorted { $0.order < $1.order }.map { row in
            let (source, destination, proto, sourcePort, destinationPort) = row.order
            return
                "{\"src\": \"\(source)\", \"dst\": \"\(destination)\", \"protocol\": \(proto), \"sport\": \(sourcePort), "
                + "\"dport\": \(destinationPort), \"packets\": \(row.count.packets), \"bytes\": \(row.count.bytes)}"
        }
        let totals = accounts.totals
        let leftOut = accounts.leftOut.reduce(0) { $0 + $1.frames }
        return flows + [
            "{\"totals\": {\"frames\": \(totals.frames), \"bytes\": \(totals.bytes), \"flow\": \(totals.flow.packets), "
                + "\"malformed\": \(totals.malformed.packets), \"other\": \(totals.other.packets)"
                + (leftOut == 0 ? "" : ", \"left_out\": \(leftOut)") + "}, "
                + "\"flows\": \(flows.count)}"
        ]
    }
}
