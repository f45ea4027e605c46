import Features
import Traffic

/// Plots as SVG, with nothing from outside.
struct Plot {
    /// A line of a plot.
    struct Line {
        var name: String
        var points: [Curves.Point]
    }

    private static let colours = ["#1766a6", "#c2410c", "#15803d", "#7e22ce", "#be185d", "#0e7490"]

    /// Curves in the unit square, with the axes named.
    static func square(_ lines: [Line], x: String, y: String) -> String {
        let size = 300.0
        // The lines' names stand below.
        let height = 362 + 16 * lines.count
        var svg = "<svg viewBox=\"-46 -12 400 \(height)\" width=\"400\" height=\"\(height)\" role=\"img\">"
        for tick in 0...5 {
            let place = size * Double(tick) / 5
            svg += grid(0, place, size, place) + grid(place, 0, place, size)
            svg += text(-8, size - place + 4, "\(Double(tick) / 5)", anchor: "end")
            svg += text(place, size + 16, "\(Double(tick) / 5)", anchor: "middle")
        }
        svg += text(size / 2, size + 34, x, anchor: "middle") + text(0, -3, y, anchor: "start")
        for (index, line) in lines.enumerated() {
            let colour = colours[index % colours.count]
            let points = line.points.map { "\(short($0.x * size)),\(short(size - $0.y * size))" }
            svg +=
                "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.8\" points=\"\(points.joined(separator: " "))\"/>"
            svg +=
                "<text x=\"0\" y=\"\(short(size + 56 + Double(index) * 16))\" style=\"fill: \(colour)\">"
                + "\(escaped(line.name))</text>"
        }
        return svg + "</svg>"
    }

    /// The highest score of each moment, with the attacks as bands behind and the alerts as marks below.
    static func course(_ record: Record, labels: [Label]) -> String {
        let (width, height, columns) = (940.0, 200.0, 470)
        let span = max(record.lastTime - record.firstTime, 1e-9)
        let place = { (time: Double) in min(max((time - record.firstTime) / span, 0), 1) * width }
        var highest = [Double](repeating: 0, count: columns)
        for window in record.windows {
            let column = min(columns - 1, Int(place(window.time) / width * Double(columns)))
            highest[column] = max(highest[column], window.score)
        }
        let top = max(4, highest.max() ?? 0)
        var svg = "<svg viewBox=\"-46 -10 1014 262\" width=\"1014\" height=\"262\" role=\"img\">"
        for label in labels {
            let (left, right) = (place(label.start), place(label.end))
            svg +=
                "<rect x=\"\(short(left))\" y=\"0\" width=\"\(short(max(2, right - left)))\" height=\"\(height)\" class=\"attack\">"
                + "<title>\(escaped(label.name))</title></rect>"
        }
        for tick in 0...4 {
            let y = height * (1 - Double(tick) / 4)
            svg += grid(0, y, width, y) + text(-8, y + 4, short(top * Double(tick) / 4), anchor: "end")
            svg += text(
                width * Double(tick) / 4, height + 30, "\(short(span * Double(tick) / 4)) s", anchor: "middle"
            )
        }
        let points = highest.enumerated().map { column, score in
            "\(short((Double(column) + 0.5) * width / Double(columns))),\(short(height * (1 - score / top)))"
        }
        svg +=
            "<polyline fill=\"none\" stroke=\"#1766a6\" stroke-width=\"1.2\" points=\"\(points.joined(separator: " "))\"/>"
        for alert in record.alerts {
            let style = alert.isBlock ? "block" : "alert"
            svg +=
                "<circle cx=\"\(short(place(alert.time)))\" cy=\"\(height + 9)\" r=\"3.5\" class=\"\(style)\">"
                + "<title>\(escaped("\(style): \(alert.entity.view.rawValue) \(alert.entity.prefix)"))</title></circle>"
        }
        return svg + "</svg>"
    }

    private static func grid(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line x1=\"\(short(x1))\" y1=\"\(short(y1))\" x2=\"\(short(x2))\" y2=\"\(short(y2))\" class=\"grid\"/>"
    }

    private static func text(_ x: Double, _ y: Double, _ text: String, anchor: String) -> String {
        "<text x=\"\(short(x))\" y=\"\(short(y))\" text-anchor=\"\(anchor)\">\(escaped(text))</text>"
    }

    /// To a tenth: finer than a screen.
    private static func short(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
    }

    /// Text in HTML and SVG.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
