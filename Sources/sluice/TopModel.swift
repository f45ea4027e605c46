import API
import Policy
import Terminal
import Traffic

/// What the live view of `sluice top` shows, and what its keys do: a value that knows no terminal.
struct TopModel {
    enum Tab: String, CaseIterable { case sources, destinations, flows, bans }

    /// What the agent is to be asked for now.
    struct Wish: Hashable {
        var tab: Tab
        var sort: String
        var limit: Int
    }

    /// What the agent said.
    struct Answer {
        var tab: Tab
        var status: StatusReport
        var sources: [TopEntry] = []
        var flows: [FlowReport] = []
        var bans: [BanReport] = []
    }

    /// What is to be done about a key.
    enum Effect: Hashable {
        case ask, quit
        case act(Action, Prefix)
    }

    /// What can be done to the row that is pointed at.
    enum Action: String, Hashable { case ban, unban, allow, explain }

    private(set) var tab: Tab
    private(set) var answer: Answer?
    private var sorts: [Tab: Int] = [:]
    private var selected = 0
    /// What waits for `y`.
    private(set) var pending: (action: Action, prefix: Prefix)?
    /// The last thing done, or what went wrong.
    var message = ""
    /// An explanation that covers the list.
    private var page: [String]?
    private var size = (width: 80, height: 24)

    init(tab: Tab = .sources) { self.tab = tab }

    var wish: Wish { Wish(tab: tab, sort: sort, limit: max(1, size.height)) }

    private var orders: [String] {
        switch tab {
        case .sources, .destinations: TopOrder.allCases.map(\.rawValue)
        case .flows: FlowOrder.allCases.map(\.rawValue)
        case .bans: BanOrder.allCases.map(\.rawValue)
        }
    }

    private var sort: String { orders[sorts[tab, default: 0] % orders.count] }

    /// Takes over what the agent said, unless another tab was chosen meanwhile.
    mutating func take(_ answer: Answer) {
        guard answer.tab == tab else { return }
        self.answer = answer
        selected = min(selected, max(0, prefixes.count - 1))
    }

    mutating func resize(width: Int, height: Int) { size = (max(width, 20), max(height, 6)) }

    /// Shows a text in place of the list until a key is pressed.
    mutating func show(page text: String) {
        page = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// What each row is about.
    private var prefixes: [Prefix] {
        guard let answer else { return [] }
        switch answer.tab {
        case .sources, .destinations: return answer.sources.map(\.prefix)
        case .flows: return answer.flows.map { Prefix($0.source) }
        case .bans: return answer.bans.map(\.prefix)
        }
    }

    mutating func press(_ key: KeyPress) -> Effect? {
        if key == .interrupt { return .quit }
        if page != nil {
            page = nil
            return nil
        }
        if let asked = pending {
            pending = nil
            if key == .character("y") { return .act(asked.action, asked.prefix) }
            message = "Not done."
            return nil
        }
        message = ""
        switch key {
        case .character("q"), .escape: return .quit
        case .tab, .right: return turn(by: 1)
        case .backTab, .left: return turn(by: -1)
        case .character(let digit) where ("1"..."4").contains(digit):
            return choose(Tab.allCases[(digit.wholeNumberValue ?? 1) - 1])
        case .up, .character("k"): selected = max(0, selected - 1)
        case .down, .character("j"): selected = min(max(0, prefixes.count - 1), selected + 1)
        case .home: selected = 0
        case .end: selected = max(0, prefixes.count - 1)
        case .pageUp: selected = max(0, selected - room)
        case .pageDown: selected = min(max(0, prefixes.count - 1), selected + room)
        case .character("s"):
            sorts[tab, default: 0] += 1
            return .ask
        case .character("b"): ask(.ban)
        case .character("u"): ask(.unban)
        case .character("a"): ask(.allow)
        case .enter, .character("e"):
            if prefixes.indices.contains(selected) { return .act(.explain, prefixes[selected]) }
        default: break
        }
        return nil
    }

    private mutating func turn(by step: Int) -> Effect {
        let count = Tab.allCases.count
        let index = Tab.allCases.firstIndex(of: tab) ?? 0
        return choose(Tab.allCases[(index + step + count) % count])
    }

    private mutating func choose(_ tab: Tab) -> Effect {
        if tab != self.tab { (self.tab, answer, selected) = (tab, nil, 0) }
        return .ask
    }

    private mutating func ask(_ action: Action) {
        if prefixes.indices.contains(selected) { pending = (action, prefixes[selected]) }
    }

    /// Lines of the list, without its titles.
    private var room: Int { max(1, size.height - 5) }
}

extension TopModel {
    /// The screen, line by line, at most as many as it is high and none wider than it is.
    func lines(isColoured: Bool, at now: Timestamp) -> [String] {
        let screen = Screen(width: size.width, isColoured: isColoured)
        let head = [status(on: screen), tabs(on: screen), ""]
        var body = page ?? list(on: screen, at: now)
        body = Array(body.prefix(size.height - head.count - 1))
        body += Array(repeating: "", count: max(0, size.height - head.count - 1 - body.count))
        return head + body + [foot(on: screen)]
    }

    private func status(on screen: Screen) -> String {
        guard let status = answer?.status else { return "Sluice" }
        let rates = status.rates
        let text =
            "Sluice \(status.mode.rawValue)  \(rates.packetsPerSecond.grouped) packets/s  "
            + "\(rates.bytesPerSecond.bytes)/s  dropping \(rates.droppedPerSecond.grouped)/s  "
            + "\(counted(status.counts.bans, "ban"))  "
        let width = min(60, screen.width - text.count)
        let history = width > 4 ? Sparkline.text(rates.packetsHistory, width: width) : ""
        return String((text + history).prefix(screen.width))
    }

    private func tabs(on screen: Screen) -> String {
        let names = Tab.allCases.enumerated().map { index, other in
            let name = "\(index + 1) \(other.rawValue)"
            return other == tab ? screen.styled("[\(name)]", .bold) : " \(name) "
        }
        return names.joined() + screen.styled("  by \(sort)", .faint)
    }

    private func list(on screen: Screen, at now: Timestamp) -> [String] {
        guard let answer else { return ["  ..."] }
        let inner = Screen(width: screen.width - 2, isColoured: screen.isColoured)
        let table =
            switch answer.tab {
            case .sources, .destinations: TopEntry.table(answer.sources, at: now)
            case .flows: FlowReport.table(answer.flows, at: now)
            case .bans: BanReport.table(answer.bans, at: now)
            }
        let lines = table.text(on: inner).split(separator: "\n").map(String.init)
        guard prefixes.count > 0 else { return ["  Nothing."] }
        // The part of the list in which the row that is pointed at stands.
        let first = max(0, selected - room + 1)
        let rows = lines.dropFirst().enumerated().dropFirst(first).prefix(room).map { index, line in
            (index == selected ? screen.styled(">", .bold) : " ") + " " + line
        }
        return ["  " + (lines.first ?? "")] + rows
    }

    private func foot(on screen: Screen) -> String {
        if let pending {
            return screen.styled("\(pending.action.rawValue) \(pending.prefix)? y / n", .warning)
        }
        if page != nil { return screen.styled("any key: back", .faint) }
        let keys = "tab view  s sort  b ban  u unban  a allow  e explain  q quit"
        return message.isEmpty
            ? screen.styled(String(keys.prefix(screen.width)), .faint)
            : String(message.printable.prefix(screen.width))
    }
}
