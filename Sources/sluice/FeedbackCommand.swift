import API
import ArgumentParser
import Control
import Terminal
import Traffic

/// The command `sluice feedback`.
struct FeedbackCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "feedback", abstract: "Say whether an alert was right.",
        discussion: """
            bad: it was a false alarm. What was done about it is undone, what the source did becomes its \
            usual, and thresholds follow. good: it was right, and does not count as a false alarm.
            """)

    @Argument(help: "Number of the alert, as in `sluice alerts`.")
    var alert: Int64

    @Argument(help: "good or bad.", completion: .words(of: Feedback.self), transform: parseChoice)
    var feedback: Feedback

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> AlertReport {
        try await service.judge(FeedbackRequest(alert: alert, feedback: feedback))
    }

    func text(_ alert: AlertReport, on screen: Screen, at now: Timestamp) -> String {
        switch feedback {
        case .good: "Alert \(alert.id) on \(alert.prefix) was right.\n"
        case .bad: "Alert \(alert.id) on \(alert.prefix) was a false alarm; nothing is held against it now.\n"
        }
    }
}
