#pragma once
int setns(int fd, int nstype); /* sched.h declares it for GNU sources only */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* syscall() is variadic, and can't be used from Swift. */
static inline int sluice_membarrier_global(void)
{
	return (int)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

/* Moves the calling thread; 0, or -1 with errno set. */
static inline int sluice_enter_network_namespace(int fd)
{
	return setns(fd, 0x40000000 /* CLONE_NEWNET, of sched.h for GNU sources */);
}

/*
 * ioctl() is variadic, too. 0 on success, -1 with errno set on failure; needs no privilege. Any socket will do: a service may have no other
 * families than this one.
 */
static inline int sluice_interface_ioctl(unsigned long request, struct ifreq *ifreq)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = fd < 0 ? -1 : ioctl(fd, request, ifreq);

	if (fd >= 0)
		close(fd);
	return result;
}

/* Flags of an interface (IFF_UP and others), or -1. */
static inline int sluice_interface_flags(const char *name)
{
	struct ifreq ifreq = {};

	strncpy(ifreq.ifr_name, name, IFNAMSIZ - 1);
	return sluice_interface_ioctl(SIOCGIFFLAGS, &ifreq) ? -1 : (unsigned short)ifreq.ifr_flags;
}

/* MTU of an interface, or -1. */
static inline int sluice_interface_mtu(const char *name)
{
	struct ifreq ifreq = {};

	strncpy(ifreq.ifr_name, name, IFNAMSIZ - 1);
	return sluice_interface_ioctl(SIOCGIFMTU, &ifreq) ? -1 : ifreq.ifr_mtu;
}

/* An ethtool request: `data` begins with the command (linux/ethtool.h). 0, or -1. */
static inline int sluice_interface_ethtool(const char *name, void *data)
{
	struct ifreq ifreq = {};

	strncpy(ifreq.ifr_name, name, IFNAMSIZ - 1);
	ifreq.ifr_data = data;
	return sluice_interface_ioctl(SIOCETHTOOL, &ifreq);
}
