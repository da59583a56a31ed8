package disk

import (
	"fmt"
	"syscall"
	"unsafe"
)

// SyncFolder does nothing: NTFS journals names, and has no call for it.
func SyncFolder(string) error { return nil }

// Space returns the size of the file system that holds a path and what is free on it for us, in bytes.
func Space(path string) (total, free uint64, err error) {
	p, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return 0, 0, fmt.Errorf("disk space of %s: %w", path, err)
	}
	call := syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")
	ok, _, err := call.Call(uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total)), 0)
	if ok == 0 {
		return 0, 0, fmt.Errorf("disk space of %s: %w", path, err)
	}
	return total, free, nil
}
