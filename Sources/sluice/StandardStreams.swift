import Glibc

/// Opens `/dev/null` in the place of standard input, output and error that whoever started us has closed.
///
/// Else the next file that is opened would get that number, and what is meant for people would be written to it.
func openMissingStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
        // The lowest number that is free, which is this one.
        _ = unsafe open("/dev/null", O_RDWR)
    }
}
