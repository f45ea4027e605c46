import Traffic

extension Timestamp {
    /// Whether so much time has passed since an earlier moment.
    ///
    /// Also if that is still to come: a clock that was set back keeps nobody waiting until it has caught up.
    func hasPassed(_ span: Duration, since earlier: Timestamp) -> Bool {
        self < earlier || self - earlier >= span
    }
}
