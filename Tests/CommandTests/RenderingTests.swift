import API
import Agent
import ArgumentParser
import Features
import Policy
import Terminal
import Testing
import Traffic

@testable import sluice

/// What each command prints, to the letter.
@Suite("What people see")
struct RenderingTests {
    private let wide = Screen(width: 120, isColoured: false)
    private let narrow = Screen(width: 72, isColoured: false)

    private func text<Command: AgentCommand>(
        _ command: Command.Type, of arguments: [String] = [], _ answer: Command.Answer, on screen: Screen,
        as format: OutputOptions.Format = .table
    ) throws -> String {
        try Command.parse(arguments).printout(answer, at: Samples.now).text(as: format, on: screen)
    }

    @Test("status")
    func showsStatus() throws {
        #expect(
            try text(StatusCommand.self, Samples.status, on: narrow) == """
                Sluice      0.1.0, mode shadow, up 3h 20m
                Interfaces  eth0 (native, wan derived), wlan0 (generic)
                Learning    62.5 %, 9m 40s left
                Now         1,234 packets/s, 1.2 MB/s
                            ▁▁▁▁▁▁▂▂▂▂▂▃▃▃▃▃▄▄▄▄▄▅▅▅▅▅▆▆▆▆▆▆▇▇▇▇▇█████ 59/s at most
                Dropping    12 packets/s
                Seen        12,403,751 frames, 9.9 GB
                            12,345,678 in flows, 1,234 aside, 56,789 dropped, 8
                            malformed, 42 not IP
                            malformed: 1 extension, 7 short
                Coverage    99.99 %, at least 99.99 % in the last minute
                Rules       3 bans, 1 limit, 2 allow-list entries
                Alerts      1,200
                Entities    321
                Model       autoencoder-1f2e, trained 2h ago; thresholds: destination
                            4.25, source 3.50
                Heartbeat   0.2s ago
                Memory      34.0 MB, and 42.5 MB of kernel maps
                Warnings    wlan0 fell back to generic mode

                """)
    }

    @Test("bans")
    func showsBans() throws {
        let list = BanList(bans: [Samples.ban, Samples.limit, Samples.manual].map(BanReport.init))
        #expect(
            try text(BansCommand.self, list, on: wide) == """
                WHO                          ACTION                  BY        LEFT  DROPPED  LAST HIT  WHY
                192.0.2.7                    ban                     sluice  9m 40s   12,345  0.3s ago  scan: 1,200 ports of 3 hosts in…
                to 198.51.100.5 udp port 53  limit 1,000/s (shadow)  sluice  1m 40s        0     never  volume: 50,000 packets/s, usual…
                2001:db8:1:2::/64            ban                     hand    no end        0     never  abuse desk #7: banned by hand

                """)
        #expect(
            try text(BansCommand.self, list, on: narrow) == """
                WHO                  ACTION                  LEFT  DROPPED  WHY
                192.0.2.7            ban                   9m 40s   12,345  scan: 1,200…
                to 198.51.100.5 ud…  limit 1,000/s (shad…  1m 40s        0  volume: 50,…
                2001:db8:1:2::/64    ban                   no end        0  abuse desk …

                """)
        #expect(try text(BansCommand.self, BanList(bans: []), on: wide) == "Nothing is banned or limited.\n")
    }

    @Test("report")
    func showsReport() throws {
        #expect(
            try text(ReportCommand.self, Samples.report, on: wide) == """
                Mode  shadow; learn for 1h, shadow for 1d 2h
                Seen  1,000,000 packets, 800 MB
                MODE       BANS  LIMITS   STOPS   BYTES  SHARE  OF KNOWN  KNOWN SOURCES
                  learn       0       0       0     0 B    0 %         0              0
                * shadow      3       1       0     0 B    0 %         0              1
                  limit       0       4  20,000  1.2 MB    2 %         0              1
                  enforce     3       1  50,000  3.0 MB    5 %       100              1
                By hour       ▁▃█▁ bans stop 40,000 packets/h at most
                False rules   1 of 2 judged; 0.92 a day, with 95 % between 0.02 and 5.14
                False alarms  1 a day accepted, 0.50 came
                Advice        stay: shadow for 26 h, 4 would-be rules, 2 judged, 1 marked false; 1 marked false, the latest less than a
                              day ago

                Group servers  enforce; enforce for 1d 2h
                Seen           0 packets, 0 B
                MODE       BANS  LIMITS  STOPS  BYTES  SHARE  OF KNOWN  KNOWN SOURCES
                  learn       0       0      0    0 B    0 %         0              0
                  shadow      0       0      0    0 B    0 %         0              0
                  limit       0       0      0    0 B    0 %         0              0
                * enforce     0       0      0    0 B    0 %         0              0
                False rules   0 of 0 judged; 0 a day, with 95 % between 0 and 3.40
                False alarms  1 a day accepted, 0.50 came
                Advice        stay: enforce for 26 h, 0 rules; nothing is beyond enforce

                """)
        let rows = try text(ReportCommand.self, Samples.report, on: wide, as: .csv).split(separator: "\n")
        #expect(
            rows.first
                == "group,mode,isSet,bans,limits,packets,bytes,share,knownPackets,knownBytes,knownSources,isAtLeast"
        )
        #expect(rows.count == 9 && rows[4] == ",enforce,false,3,1,50000,3000000,0.05,100,9000,1,false")
        let lines = try text(ReportCommand.self, Samples.report, on: wide, as: .jsonl).split(separator: "\n")
        #expect(lines.count == 8 && lines[7].contains(#""group":"servers""#))
    }

    @Test("top")
    func showsTop() throws {
        let list = TopList(view: .source, entries: Samples.top)
        #expect(
            try text(TopCommand.self, list, on: wide) == """
                WHO                PACKETS/S  BYTES/S  FLOWS  PEERS  SCORE    OF  STATE
                192.0.2.7              5,000   300 kB  1,200      3   9.12  3.50  blocked
                2001:db8:1:2::/64         12  15.0 kB      4      2   0.42  3.50  passing
                198.51.100.5               1     60 B      1      1      -     -  allowed

                """)
        #expect(
            try text(TopCommand.self, TopList(view: .source, entries: []), on: wide)
                == "No traffic seen lately.\n")
    }

    @Test("alerts")
    func showsAlerts() throws {
        let list = AlertList(alerts: Samples.alerts)
        #expect(
            try text(AlertsCommand.self, list, on: wide) == """
                TIME (UTC)                 AGE  WHO                SEEN AS      SCORE    OF  DONE   WHY
                2023-11-14 22:13:00    20s ago  192.0.2.7          source        9.12  3.50  ban    scan: 1,200 ports of 3 hosts in 10 …
                2023-11-14 21:06:40  1h 6m ago  2001:db8:1:2::/64  source        9.12  3.50  -      scan, not blocked because 2001:db8:…
                2023-11-13 21:13:20  1d 1h ago  198.51.100.5       destination   9.12  3.50  limit  scan: 1,200 ports of 3 hosts in 10 …

                """)
        #expect(
            try text(AlertsCommand.self, list, on: narrow) == """
                      AGE  WHO                SCORE  DONE   WHY
                  20s ago  192.0.2.7           9.12  ban    scan: 1,200 ports of 3 host…
                1h 6m ago  2001:db8:1:2::/64   9.12  -      scan, not blocked because 2…
                1d 1h ago  198.51.100.5        9.12  limit  scan: 1,200 ports of 3 host…

                """)
        #expect(try text(AlertsCommand.self, AlertList(alerts: []), on: wide) == "No alerts.\n")
    }

    @Test("allow list")
    func showsAllowList() throws {
        let list = AllowList(allowed: [
            AllowReport(
                prefix: Samples.network, origin: "manual", since: Samples.now - .seconds(60),
                expires: Samples.now + .seconds(540), reason: "office"),
            AllowReport(
                prefix: Samples.scanner, origin: "configuration", since: nil, expires: nil, reason: "home"),
        ])
        #expect(
            try text(AllowListCommand.self, list, on: wide) == """
                PREFIX             BY              SINCE    LEFT  WHY
                2001:db8:1:2::/64  hand           1m ago      9m  office
                192.0.2.7          configuration          no end  home

                """)
    }

    @Test("A list as JSON Lines and as CSV has every row, in plain units")
    func showsRowsToPrograms() throws {
        let list = BanList(bans: [Samples.ban, Samples.limit].map(BanReport.init))
        let lines = try text(BansCommand.self, list, on: narrow, as: .jsonl).split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasPrefix(#"{"action":"ban","alertID":3,"#))
        #expect(
            try text(BansCommand.self, list, on: narrow, as: .csv) == """
                prefix,protocol,port,action,isShadowed,packetsPerSecond,origin,since,expires,dropped,lastHit,\
                reason,summary,ruleID,alertID,group,configuration,pending,lacksRoom
                192.0.2.7,,,ban,false,,automatic,2023-11-14T22:13:00.000Z,2023-11-14T22:23:00.000Z,12345,\
                2023-11-14T22:13:19.700Z,scan,"1,200 ports of 3 hosts in 10 s, usual: 2",12,3,,,,
                198.51.100.5,udp,53,limit,true,1000,automatic,2023-11-14T22:10:00.000Z,\
                2023-11-14T22:15:00.000Z,0,,volume,"50,000 packets/s, usual: 30",13,,,,,

                """)
        let empty = BanList(bans: [])
        #expect(try text(BansCommand.self, empty, on: narrow, as: .jsonl).isEmpty)
        #expect(try text(BansCommand.self, empty, on: narrow, as: .csv).hasPrefix("prefix,protocol,"))
    }

    @Test("A document without rows is one line of JSON Lines, and CSV of its members")
    func showsDocumentToPrograms() throws {
        #expect(
            try text(StatusCommand.self, Samples.status, on: narrow, as: .jsonl).hasPrefix(
                #"{"counts":{"alerts":1200,"#))
        let csv = try text(StatusCommand.self, Samples.status, on: narrow, as: .csv)
        #expect(csv.hasPrefix("member,value\ncounts.alerts,1200\n"))
        #expect(csv.contains("\ninterfaces.1.name,wlan0\n"))
    }

    @Test("explain")
    func explains() throws {
        #expect(
            try text(ExplainCommand.self, of: ["192.0.2.7"], Samples.explanation, on: wide) == """
                192.0.2.7 is blocked.
                Packets from 192.0.2.7 are dropped: it was banned automatically.

                Rule      12: ban on 192.0.2.7, by Sluice
                Reason    scan: 1,200 ports of 3 hosts in 10 s, usual: 2
                Since     2023-11-14 22:13:00 UTC (20s ago)
                Left      9m 40s, until 2023-11-14 22:23:00 UTC
                Dropped   12,345 packets, 741 kB
                Last hit  0.3s ago

                Why: 1,200 ports of 3 hosts in 10 s, usual: 2
                Score 9.12, threshold 3.50, model autoencoder-1f2e.
                FEATURE               VALUE  USUAL  SHARE
                destination ports     1,200      2   81 %
                unanswered SYN share   0.97   0.01   12 %

                Overridden: limit 50/s (shadow) on 192.0.2.7, volume.

                Now: 5,000 packets/s, 300 kB/s, 1,200 flows, score 8.50 (threshold 3.50), seen 0.4s ago.
                FEATURE            VALUE  USUAL  SHARE
                destination ports  1,200      2   81 %

                Earlier alerts
                TIME (UTC)                 AGE  WHO        SEEN AS  SCORE    OF  DONE  WHY
                2023-11-13 21:13:20  1d 1h ago  192.0.2.7  source    9.12  3.50  -     scan: 1,200 ports of 3 hosts in 10 s, usual: 2

                Similar alerts (by the features' shares)
                  LIKE  ALERT        AGE  WHO                JUDGED  WHY
                93.4 %      2  2h 5m ago  2001:db8:1:2::/64  -       1,200 ports of 3 hosts in 10 s, usual: 2

                """)
    }

    @Test("explain says when the harmless values that it lists are not enough")
    func explainsOthers() throws {
        var explanation = Samples.explanation
        explanation.alert?.features[0].harmless = 40
        func shown() throws -> String {
            try text(ExplainCommand.self, of: ["192.0.2.7"], explanation, on: wide)
        }
        let enough = try shown()
        #expect(enough.contains("HARMLESS AT") && !enough.contains("Harmless only"), "\(enough)")
        // Not rounded to less than it takes.
        explanation.alert?.othersNearer = 0.611
        let words = "\nHarmless only with all other features 62 % nearer to what is usual, too.\n\n"
        let tooFew = try shown()
        #expect(tooFew.contains(words), "\(tooFew)")
    }

    @Test("explain, of an address under attack")
    func explainsVictim() throws {
        #expect(
            try text(ExplainCommand.self, of: ["192.0.2.7"], Samples.victimExplanation, on: wide) == """
                198.51.100.5 is passing.
                Packets from 198.51.100.5 pass: no rule matches.

                Traffic to 198.51.100.5 udp port 53 is under limit 1,000/s (shadow): 50,000 packets/s, usual: 30

                Nothing of it was counted lately (what is dropped is not).

                """)
    }

    @Test("What a ban, an unban and an allow answer")
    func confirms() throws {
        func changed(_ bans: [BanReport], only prefix: Prefix = Samples.scanner) -> Changed {
            Changed(only: prefix, result: ChangeResult(count: 1, lifted: bans.count, bans: bans))
        }
        let ban = BanReport(Samples.ban)
        #expect(
            try text(BanCommand.self, of: ["192.0.2.7"], changed([ban]), on: wide)
                == "Banned 192.0.2.7 for 9m 40s (rule 12).\n")
        #expect(
            try text(
                BanCommand.self, of: ["192.0.2.7"],
                changed([BanReport(Samples.manual)], only: Samples.network), on: wide)
                == "Banned 2001:db8:1:2::/64 until `sluice unban 2001:db8:1:2::/64` (rule 14).\n")
        #expect(
            try text(UnbanCommand.self, of: ["192.0.2.7"], changed([ban]), on: wide)
                == "Lifted the ban on 192.0.2.7 (scan, 12,345 packets dropped in 20s).\n")
        #expect(
            try text(AllowAddCommand.self, of: ["::/0"], changed([ban], only: Samples.network), on: wide)
                == "2001:db8:1:2::/64 is on the allow-list.\nLifted the ban or limit on 192.0.2.7.\n")
    }

    @Test("What is told of a ban on the longest address, which waits to be confirmed, fits 40 columns")
    func fitsNarrowTerminals() throws {
        let prefix = try #require(Prefix("2001:db8:1234:5678:9abc:def0:1234:5678"))
        let screen = Screen(width: 40, isColoured: true)
        var policy = Policy(settings: PolicySettings(), mode: .enforce)
        let before = policy
        var (sanction, changes) = try policy.ban(prefix, for: nil, reason: "abuse", at: Samples.now)
        try policy.awaitConfirmation(of: &changes, since: before, within: .seconds(300), at: Samples.now)
        let pending = try #require(policy.pending.first.map(PendingReport.init))
        sanction.rule.expires = pending.deadline
        var ban = BanReport(sanction)
        ban.pending = pending
        var status = Samples.status
        status.pending = [pending]
        let explanation = Explanation(
            of: prefix.address, treatment: policy.treatment(of: prefix.address), cause: nil, current: nil,
            alerts: [], similar: [])
        let texts = [
            try text(StatusCommand.self, status, on: screen),
            try text(BansCommand.self, BanList(bans: [ban]), on: screen),
            try text(ConfirmCommand.self, of: ["--list"], PendingList(pending: [pending]), on: screen),
            try text(ExplainCommand.self, of: ["\(prefix)"], explanation, on: screen),
        ]
        for line in texts.joined().replacing(/\u{1B}\[\d+m/, with: "").split(separator: "\n") {
            #expect(line.count <= 40, "\(line)")
        }
    }

    @Test("Colours change nothing but colours", arguments: [40, 80, 200])
    func coloursAreHarmless(_ width: Int) throws {
        let list = BanList(bans: [Samples.ban, Samples.limit, Samples.manual].map(BanReport.init))
        let plain = try text(BansCommand.self, list, on: Screen(width: width, isColoured: false))
        let coloured = try text(BansCommand.self, list, on: Screen(width: width, isColoured: true))
        #expect(coloured.contains("\u{1B}["))
        #expect(coloured.replacing(/\u{1B}\[\d+m/, with: "") == plain)
    }
}
