import CConfinement
import Glibc

/// Gives up, for good, what only loading needed: see docs/threats.md.
///
/// What cannot be given up is no reason not to guard: it is complained of.
func confine(_ complain: (String) -> Void) {
    func attempt(_ what: String, _ call: () -> CInt) {
        guard call() != 0 else { return }
        complain("cannot give up \(what): \(unsafe String(cString: strerror(errno)))")
    }
    attempt("capabilities that are not needed any more", confine_capabilities)
    attempt("system calls that are not needed any more", confine_calls)
}
