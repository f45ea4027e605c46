import Foundation
import Replay
import TestSupport
import Testing
import Traffic

/// Recorded captures and an independent reader of them, beside the checkout.
private enum Truth {
    static let shared = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared").standardizedFileURL
    static let isPresent = FileManager.default.fileExists(
        atPath: shared.appending(path: "truth/flow_truth.py").path)

    /// A flow, or the totals, of one capture as text.
    struct Account: Hashable {
        var flows: Set<String> = []
        var totals = ""
    }

    /// Has the reader, in one process, say what the captures hold; those it cannot read are left out.
    ///
    /// Bytes are those on the wire.
    static func accounts(of captures: [URL], in directory: URL) throws -> [String: Account] {
        let (list, output) = (directory.appending(path: "list"), directory.appending(path: "accounts"))
        try captures.map(\.path).joined(separator: "\n").write(to: list, atomically: false, encoding: .utf8)
        let script = """
            import sys
            sys.path.insert(0, sys.argv[1])
            import struct
            import dpkt
            import flow_truth

            # The reader counts what was captured of a frame, Sluice what was on the wire: here the former is told the latter.
            wire = [0]
            def noting(kind, field):
                class Noting(kind):
                    def __init__(self, *arguments, **named):
                        super().__init__(*arguments, **named)
                        wire[0] = getattr(self, field)
                return Noting
            for magic, kind in list(dpkt.pcap.MAGIC_TO_PKT_HDR.items()):
                dpkt.pcap.MAGIC_TO_PKT_HDR[magic] = noting(kind, "len")
            for name in ("EnhancedPacketBlock", "EnhancedPacketBlockLE", "PacketBlock", "PacketBlockLE"):
                setattr(dpkt.pcapng, name, noting(getattr(dpkt.pcapng, name), "pkt_len"))

            def has_one_link_type(path):
                # The reader takes the first one for all of a file.
                with open(path, "rb") as f:
                    data = f.read()
                if data[:4] != bytes.fromhex("0a0d0d0a"):
                    return True
                order, at, kinds = "<" if data[8] == 0x4D else ">", 0, set()
                while at + 12 <= len(data):
                    kind, size = struct.unpack_from(order + "II", data, at)
                    if kind == 1:
                        kinds.add(struct.unpack_from(order + "H", data, at + 8)[0])
                    at += max(size, 12)
                return len(kinds) < 2

            def read(path):
                if not has_one_link_type(path):
                    raise ValueError("several link types")
                flows, totals = {}, {"frames": 0, "bytes": 0, "flow": 0, "malformed": 0, "other": 0}
                for frame in flow_truth.frames(path):
                    kind, key = flow_truth.flow_of(frame)
                    # A length that is less than is there, or more than any frame has, is broken.
                    length = max(wire[0], len(frame)) if wire[0] <= 262144 else len(frame)
                    totals["frames"] += 1
                    totals["bytes"] += length
                    totals[kind] += 1
                    if key:
                        count = flows.setdefault(key, [0, 0])
                        count[0] += 1
                        count[1] += length
                return flows, totals

            with open(sys.argv[3], "w") as out:
                for path in open(sys.argv[2]).read().split("\\n"):
                    try:
                        flows, totals = read(path)
                    except Exception:
                        continue
                    print("capture", path, file=out)
                    for key, count in flows.items():
                        print("flow", *key, *count, file=out)
                    print("totals", *(totals[k] for k in ("frames", "bytes", "flow", "malformed", "other")), file=out)
            """
        try command([
            "python3", "-B", "-c", script, shared.appending(path: "truth").path, list.path, output.path,
        ])
        var accounts: [String: Account] = [:]
        var current = ""
        for line in try String(contentsOf: output, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("capture ") {
                current = String(line.dropFirst(8))
                accounts[current] = Account()
            } else if line.hasPrefix("flow ") {
                accounts[current]?.flows.insert(String(line.dropFirst(5)))
            } else {
                accounts[current]?.totals = String(line.dropFirst(7))
            }
        }
        return accounts
    }
}

extension Truth.Account {
    init(_ accounts: FlowAccounts) {
        for (key, count) in accounts.flows {
            flows.insert(
                "\(key.source) \(key.destination) \(key.protocol.rawValue) \(key.sourcePort) \(key.destinationPort) "
                    + "\(count.packets) \(count.bytes)")
        }
        let all = accounts.totals
        totals =
            "\(all.frames) \(all.bytes) \(all.flow.packets) \(all.malformed.packets) \(all.other.packets)"
    }
}

@Suite(
    "Captures, against an independent reader",
    .enabled(if: Truth.isPresent, "needs ../shared beside the checkout"))
struct TruthTests {
    private static func withDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "sluice-truth-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }

    private static func compare(_ captures: [URL], in directory: URL) throws -> Int {
        let truth = try Truth.accounts(of: captures, in: directory)
        for (path, account) in truth {
            let ours = Truth.Account(FlowAccounts(of: try Capture(path: path)))
            #expect(ours == account, "\(path)")
        }
        return truth.count
    }

    @Test(
        "the flows of a capture are those that a plain reader names",
        arguments: [
            "b_web_dualstack", "a_masscan_udp_vlan", "a_icmp_flood", "b_s7_hmi_under_attack_view",
            "a_amp_snmp",
        ])
    func capture(name: String) throws {
        try Self.withDirectory { directory in
            let file = directory.appending(path: name)
            try command([
                "zstd", "-q", "-d", Truth.shared.appending(path: "captures/pcap/\(name).pcap.zst").path, "-o",
                file.path,
            ])
            #expect(try Self.compare([file], in: directory) == 1)
        }
    }

    @Test("so are those of some 800 captures of odd and broken traffic from everywhere")
    func wild() throws {
        try Self.withDirectory { directory in
            let archive = Truth.shared.appending(path: "captures/wild.tar.zst").path
            try command(["tar", "--zstd", "-xf", archive, "-C", directory.path])
            let captures = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
                .filter { $0.contains("cap") }.map { directory.appending(path: $0) }
                .filter { !$0.hasDirectoryPath }
            #expect(try Self.compare(captures, in: directory) > 500)
        }
    }
}
