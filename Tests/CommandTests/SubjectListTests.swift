import Testing
import Traffic

@testable import sluice

@Suite("Lists, in all the forms in which people have them")
struct SubjectListTests {
    struct List: CustomTestStringConvertible, Sendable {
        var name: String
        var text: String
        /// What it names, in order; `!` for a mistake.
        var named: [String]
        var testDescription: String { name }
    }

    static let lists: [List] = [
        List(
            name: "comments of every kind",
            text: """
                ; Expires: Tue, 01 Dec 2026 10:14:02 GMT
                198.18.16.0/20 ; SBL000001
                // by hand
                198.51.100.7 // him
                # more
                198.51.100.8#and her
                   2001:db8::/32   ;
                """, named: ["198.18.16.0/20", "198.51.100.7", "198.51.100.8", "2001:db8::/32"]),
        List(
            name: "byte order mark, CRLF, blanks",
            text: "\u{FEFF}198.51.100.7\r\n\r\n  198.51.100.8\t\r\n",
            named: ["198.51.100.7", "198.51.100.8"]),
        List(
            name: "further columns, and counts before or behind",
            text: "198.51.100.7\t12\n198.51.100.8 somebody\n     42 198.51.100.9\n",
            named: ["198.51.100.7", "198.51.100.8", "198.51.100.9"]),
        List(
            name: "ranges, masks, mapped addresses",
            text:
                "198.51.100.4 - 198.51.100.5\n198.51.100.6-198.51.100.7\n198.51.100.0/255.255.255.0\n::ffff:192.0.2.7\n",
            named: ["198.51.100.4/31", "198.51.100.6/31", "198.51.100.0/24", "192.0.2.7"]),
        List(
            name: "DShield: first, last, length, with names of columns",
            text: "Start\tEnd\tNetmask\tAttacks\n198.51.100.0\t198.51.100.255\t24\t3014\n",
            named: ["198.51.100.0/24"]),
        List(
            name: "ranges behind a name",
            text: "Somebody, Inc:198.51.100.0-198.51.100.255\n", named: ["198.51.100.0/24"]),
        List(
            name: "two addresses in a line, which may be a pair or a range",
            text: "198.51.100.1 203.0.113.9\n198.51.100.1,198.51.100.9\n", named: ["!", "!"]),
        List(
            name: "CSV with a header",
            text: """
                "first seen","dst_ip","dst_port","malware"
                "2026-11-30 10:11:12","198.51.100.7","443","a, b; c # d"
                "2026-11-30 10:11:12","nonsense","443","x"
                """, named: ["198.51.100.7", "!"]),
        List(
            name: "CSV without a header",
            text: "1,198.51.100.7,scan\n2,2001:db8::/48,\"scan, and more\"\n3,none,scan\n",
            named: ["198.51.100.7", "2001:db8::/48", "!"]),
        List(
            name: "CSV of CrowdSec",
            text: """
                id,source,ip,reason,action,country,as,events_count,expiration,simulated,alert_id
                1,crowdsec,Ip:198.51.100.7,crowdsecurity/ssh-bf,ban,DE,1 Somebody,6,3h59m,false,1
                2,crowdsec,Range:198.51.100.0/24,manual,ban,,,1,3h,false,2
                """, named: ["198.51.100.7", "198.51.100.0/24"]),
        List(name: "a header of one word", text: "ip\n198.51.100.7\n", named: ["198.51.100.7"]),
        List(
            name: "a first line that is a mistake", text: "198.51.100.300 x\n198.51.100.7\n",
            named: ["!", "198.51.100.7"]),
        List(
            name: "JSON lines of Spamhaus",
            text: """
                {"cidr":"198.51.100.0/24","sblid":"SBL1","rir":"apnic"}
                {"cidr":"2001:db8::/32","sblid":"SBL2"}
                {"type":"metadata","timestamp":1764579600,"records":2}
                {"cidr":"nonsense"}
                """, named: ["198.51.100.0/24", "2001:db8::/32", "!"]),
        List(
            name: "JSON, a list of addresses", text: #"["198.51.100.7", "2001:db8::1", "nonsense"]"#,
            named: ["198.51.100.7", "2001:db8::1", "!"]),
        List(
            name: "JSON with the list in it",
            text: """
                {"meta": {"generated": "2026"}, "data": [
                  {"ipAddress": "198.51.100.7", "countryCode": "DE"}, {"ipAddress": "198.51.100.8", "source": "x"}]}
                """, named: ["198.51.100.7", "198.51.100.8"]),
        List(
            name: "JSON of CrowdSec: decisions, not what else is told",
            text: """
                [{"source": {"ip": "203.0.113.1"}, "events": [{"meta": [{"key": "target_ip", "value": "192.0.2.1"}]}],
                  "decisions": [{"scope": "Ip", "value": "198.51.100.7"}, {"scope": "Range", "value": "198.51.100.0/24"}]}]
                """, named: ["198.51.100.7", "198.51.100.0/24"]),
        List(
            name: "ipset save",
            text: """
                create bad hash:net family inet hashsize 1024 maxelem 65536
                add bad 198.51.100.0/24
                add bad 198.51.100.7 timeout 300 comment "he, too"
                add bad 198.51.100.128/25 nomatch
                add ports 198.51.100.9,tcp:80
                """, named: ["198.51.100.0/24", "198.51.100.7", "!", "!"]),
        List(
            name: "ipset list",
            text:
                "Name: bad\nType: hash:ip\nHeader: family inet\nNumber of entries: 1\nMembers:\n198.51.100.7\n",
            named: ["198.51.100.7"]),
        List(
            name: "nft list set",
            text: """
                table inet filter {
                	set bad {
                		type ipv4_addr
                		flags interval,timeout
                		elements = { 198.51.100.4-198.51.100.5, 198.51.100.7 timeout 1h expires 59m59s, # him
                			     198.51.100.0/24 counter packets 1 bytes 2 comment "a, b }" }
                	}
                	set pairs {
                		elements = { 198.51.100.9 . 80 }
                	}
                }
                """, named: ["198.51.100.4/31", "198.51.100.7", "198.51.100.0/24", "!"]),
        List(
            name: "nft rule files",
            text:
                "define bad = { 198.51.100.7,\n 2001:db8::/32 }\nadd element inet filter bad { 198.51.100.8 }\n",
            named: ["198.51.100.7", "2001:db8::/32", "198.51.100.8"]),
        List(
            name: "nft -j list set",
            text: """
                {"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "inet", "name": "bad", "table": "filter",
                 "type": "ipv4_addr", "elem": ["198.51.100.7", {"prefix": {"addr": "198.51.100.0", "len": 24}},
                 {"range": ["198.51.100.4", "198.51.100.5"]}, {"elem": {"val": "198.51.100.9", "timeout": 60}}]}}]}
                """, named: ["198.51.100.7", "198.51.100.0/24", "198.51.100.4/31", "198.51.100.9"]),
        List(name: "a page that says sorry", text: "<html>\n<p>Not found</p>\n", named: ["!", "!"]),
        List(name: "nothing", text: "# nothing\n", named: []),
    ]

    @Test("What a list names", arguments: lists)
    func names(list: List) {
        let named = SubjectList(list.text).entries.flatMap { entry in
            (try? entry.named.get().map(\.description)) ?? ["!"]
        }
        #expect(named == list.named)
    }

    @Test("Mistakes have the number of their line")
    func places() {
        let entries = SubjectList("198.51.100.7\r\n; comment\r\n\r\nnonsense\r\n").entries
        #expect(entries.map(\.line) == [1, 4])
        let set = SubjectList("table ip x {\n elements = { 198.51.100.7,\n nonsense }\n}").entries
        #expect(set.map(\.line) == [2, 3])
    }
}
