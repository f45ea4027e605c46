import Detection
import Features
import Foundation
import Policy
import Replay
import Traffic

/// One line of the JSON Lines that `sluice replay` and `sluice run --format jsonl` print.
///
/// Times are seconds since the epoch, with microseconds.
enum EventLine {
    /// A decision, for the first kind of line below; `nil` for events that lines are not made of.
    ///
    ///     {"event":"alert","time":..,"entity":"source","address":..,"score":..,"threshold":..,"features":[..],"action":"ban"}
    ///     {"event":"ban","time":..,"address":..,"until":..,"reason":..}      {"event":"unban","time":..,"address":..}
    static func line(_ event: Event, at time: Timestamp) -> String? {
        switch event {
        case .alert(let alert): line(alert)
        case .imposed(let sanction):
            encode(
                SanctionLine(
                    event: sanction.rule.kind.word, time: seconds(time),
                    address: "\(sanction.prefix)",
                    until: sanction.rule.expires.map(seconds), reason: sanction.reason,
                    shadow: sanction.rule.isShadowed ? true : nil, packets: nil))
        case .ended(let sanction, let ending):
            encode(
                SanctionLine(
                    event: "un\(sanction.rule.kind.word)", time: seconds(time),
                    address: "\(sanction.prefix)",
                    until: nil, reason: ending.rawValue, shadow: nil, packets: sanction.dropped.packets))
        case .modeSet(let mode, let group, _):
            note("mode", (group.map { "\($0): " } ?? "") + mode.rawValue, at: time)
        case .tripped(let trip): note("trip", trip.reason, at: time)
        case .closed(let trip): note("resume", trip.reason, at: time)
        case .summed(let sum): note(sum.kind.rawValue, sum.sentence, at: time)
        case .clockSet(let step): note("clock", Event.clockSentence(of: step), at: time)
        case .updated, .allowed, .disallowed, .protected, .unprotected, .pending, .confirmed, .undone,
            .superseded:
            nil
        }
    }

    private static func line(_ alert: Alert) -> String {
        let verdict = alert.verdict
        return encode(
            AlertLine(
                time: seconds(verdict.time), entity: verdict.entity.view.rawValue,
                address: "\(verdict.entity.prefix)",
                score: verdict.score, threshold: verdict.threshold,
                features: verdict.features.map {
                    FeatureLine(name: $0.name, value: $0.value, usual: $0.usual, share: $0.share)
                },
                action: alert.action.rawValue, reason: verdict.reason, summary: verdict.summary,
                model: verdict.model,
                note: alert.note))
    }

    /// `{"event":"window",...}`: every scored window.
    static func window(_ entity: Entity, score: Double, at time: Timestamp) -> String {
        // Written by hand: there are hundreds of thousands of them, and nothing in them needs escaping.
        "{\"event\":\"window\",\"time\":\(seconds(time)),\"entity\":\"\(entity.view.rawValue)\","
            + "\"address\":\"\(entity.prefix)\",\"score\":\(score.isFinite ? score : 0)}"
    }

    /// `{"event":"summary",...}`: the last line of a replay.
    static func summary(
        first: Timestamp, last: Timestamp, totals: Totals, alerts: Int, leftOut: [LeftOut], model: String
    ) -> String {
        encode(
            SummaryLine(
                firstTime: seconds(first), lastTime: seconds(last), frames: totals.frames,
                bytes: totals.bytes,
                flow: totals.flow.packets, malformed: totals.malformed.packets, other: totals.other.packets,
                alerts: alerts, leftOut: LeftOutLine.lines(leftOut), model: model))
    }

    /// `{"event":KIND,"time":..,"text":..}`: what else the agent tells.
    static func note(_ kind: String, _ text: String, at time: Timestamp) -> String {
        encode(NoteLine(event: kind, time: seconds(time), text: text))
    }

    private static func seconds(_ time: Timestamp) -> Double {
        Double(time.nanoseconds / 1000) / 1e6
    }

    private static func encode(_ line: some Encodable) -> String {
        let encoder = JSONEncoder()
        // Sorted, since the order would else differ from run to run.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        // Our own plain structures: encoding them cannot fail.
        guard let data = try? encoder.encode(line) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    private struct FeatureLine: Encodable {
        var name: String
        var value, usual, share: Double
    }

    private struct AlertLine: Encodable {
        var event = "alert"
        var time: Double
        var entity, address: String
        var score, threshold: Double
        var features: [FeatureLine]
        var action, reason, summary, model: String
        var note: String?
    }

    private struct SanctionLine: Encodable {
        var event: String
        var time: Double
        var address: String
        var until: Double?
        var reason: String
        var shadow: Bool?
        var packets: UInt64?
    }

    private struct NoteLine: Encodable {
        var event: String
        var time: Double
        var text: String
    }

    private struct SummaryLine: Encodable {
        var event = "summary"
        var firstTime, lastTime: Double
        var frames, bytes, flow, malformed, other: UInt64
        var alerts: Int
        var leftOut: [LeftOutLine]?
        var model: String
    }

    /// What a capture has of an interface that cannot be replayed.
    private struct LeftOutLine: Encodable {
        var capture: String
        var interface: Int
        var name: String?
        var linkType: String
        var frames: UInt64

        /// `nil` if nothing was left out.
        static func lines(_ leftOut: [LeftOut]) -> [LeftOutLine]? {
            leftOut.isEmpty
                ? nil
                : leftOut.map {
                    LeftOutLine(
                        capture: $0.path, interface: $0.interface, name: $0.name, linkType: $0.linkType,
                        frames: $0.frames)
                }
        }
    }
}
