/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent gives up once its program is loaded, for good, in all its threads: see docs/threats.md.
 */
#pragma once

/*
 * Gives up, in every thread of the process, the capabilities that only loading needs (CAP_PERFMON) and all that an agent never needs, as
 * far as it has them. Threads that begin later have what their makers have. 0, or -1 with errno set; needs /proc.
 */
int confine_capabilities(void);

/*
 * Forbids, in every thread of the process, to load BPF programs and make maps, to execute programs, to trace, mount, and load modules, and to
 * make sockets other than Unix and netlink ones: such calls fail with EPERM from here on. 0, or -1 with errno set.
 */
int confine_calls(void);
