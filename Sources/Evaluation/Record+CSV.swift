import Features
import Traffic

extension Record {
    /// Reads what another detector said of the windows of a capture.
    ///
    /// CSV with the columns time (end of the window, seconds since the epoch), view (`source` or `destination`), entity (address or
    /// prefix), score, and alarm (1: it would have raised one).
    package init(csv text: String) throws(CSVError) {
        for row in try CSVRows(text) {
            let time = try row.number("time")
            let entity = Entity(
                view: try row.value("view", as: "view", Entity.View.init),
                prefix: try row.value("entity", as: "address") { Prefix($0) })
            windows.append(Window(time: time, entity: entity, score: try row.number("score")))
            if try row.text("alarm") == "1" {
                alerts.append(Alert(time: time, entity: entity, isBlock: true))
            }
        }
    }
}
