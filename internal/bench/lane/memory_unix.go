//go:build unix

package lane

import (
	"os"
	"runtime"
	"syscall"
)

// memoryOf returns the highest mark of the memory of a process that has ended, in bytes, as the kernel reports it.
func memoryOf(ended *os.ProcessState) int64 {
	r, ok := ended.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin": // getrusage(2) there: bytes; elsewhere kilobytes
		return int64(r.Maxrss)
	}
	return int64(r.Maxrss) << 10
}
