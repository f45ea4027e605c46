import Replay
import TestSupport

extension CaptureFile {
    /// Opens it; once that is done the file may go.
    func open() throws(CaptureError) -> Capture {
        defer { withExtendedLifetime(self) {} }
        return try Capture(path: path)
    }
}
