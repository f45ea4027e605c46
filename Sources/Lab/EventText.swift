import Terminal
import Traffic

/// Events as lines for people.
enum EventText {
    private static let labelWidth = 9
    private static let indent = String(repeating: " ", count: 17)

    static func lines(_ event: Event, on screen: Terminal.Screen) -> [String] {
        let (label, style) = appearance(event.kind)
        let padding = String(repeating: " ", count: max(1, labelWidth - label.count))
        return ["\(Text.clock(event.elapsed))  \(screen.styled(label, style))\(padding)\(event.text)"]
            + event.details.flatMap { $0.split(separator: "\n") }.map {
                indent + screen.styled(String($0), .faint)
            }
    }

    private static func appearance(_ kind: Event.Kind) -> (label: String, style: Style) {
        switch kind {
        case .ready: ("READY", .bold)
        case .learned: ("LEARNED", .bold)
        case .attack: ("ATTACK", .bad)
        case .alert: ("ALERT", .warning)
        case .ban: ("BAN", .warning)
        case .drop: ("DROP", .warning)
        case .reach: ("REACH", .bold)
        case .banEnd: ("BAN END", .good)
        case .missed: ("MISSED", .bad)
        case .warning: ("WARNING", .bad)
        }
    }
}
