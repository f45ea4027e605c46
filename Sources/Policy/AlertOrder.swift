/// Orders of a list of alerts: the latest or the highest score first, or reasons from A to Z.
package enum AlertOrder: String, CaseIterable, Sendable { case time, score, reason }
