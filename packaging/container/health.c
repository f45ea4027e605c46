/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the agent is well, for probes: exit code 0 if it answers on its control socket and its loop has turned of late.
 *
 *     sluice-health [SOCKET]
 *
 * Small on purpose: a probe that runs `sluice status` loads a program of 70 MB every few seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The loop turns five times a second; automatic rules lapse after thirty seconds without a turn. */
#define OLDEST 10.0

static const char request[] = "GET /v1/metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char wanted[] = "\nsluice_heartbeat_age_seconds ";

static int unwell(const char *socket, const char *why)
{
	fprintf(stderr, "sluice-health: %s: %s\n", socket, why);
	return 1;
}

int main(int count, char **words)
{
	static char answer[1 << 20];
	const char *path = count > 1 ? words[1] : "/run/sluice/sluice.sock";
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 5 };
	size_t length = 0;
	ssize_t more;
	char *found;
	int agent;

	if (strlen(path) >= sizeof(name.sun_path))
		return unwell(path, "the path is too long for a socket");
	strcpy(name.sun_path, path);
	agent = socket(AF_UNIX, SOCK_STREAM, 0);
	if (agent < 0 || setsockopt(agent, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
	    connect(agent, (struct sockaddr *)&name, sizeof(name)) != 0)
		return unwell(path, "no agent answers");
	if (send(agent, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		return unwell(path, "the agent hung up");
	while (length < sizeof(answer) - 1 && (more = recv(agent, answer + length, sizeof(answer) - 1 - length, 0)) > 0)
		length += (size_t)more;
	found = strstr(answer, wanted);
	if (!found)
		return unwell(path, "what answers is no agent, or not in time");
	if (strtod(found + sizeof(wanted) - 1, NULL) > OLDEST)
		return unwell(path, "the agent's loop does not turn");
	return 0;
}
