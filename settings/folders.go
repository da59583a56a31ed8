package settings

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/state"
)

// dataFolder returns where tocsin keeps what it was told to keep, such as installed rules: $TOCSIN_DATA_HOME, else
// tocsin in the user's data folder.
func dataFolder() string {
	if dir := os.Getenv("TOCSIN_DATA_HOME"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tocsin")
	}
	if dir := os.Getenv("LOCALAPPDATA"); runtime.GOOS == "windows" && dir != "" {
		return filepath.Join(dir, "tocsin")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "tocsin")
	}
	return filepath.Join(home, ".local", "share", "tocsin")
}

// PacksFolder returns where installed rule packs are; "" where the user has no home.
func PacksFolder() string {
	dir := dataFolder()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "rules")
}

// StateFolder returns where serve keeps everything; "" where the user has no home.
func StateFolder(flag string, s *File) string {
	if flag != "" {
		return flag
	}
	if s.Data != "" {
		return s.Data
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var", "lib", "tocsin")
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tocsin")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "tocsin")
	}
	return ""
}

// SocketPath returns where a process with that folder answers.
func SocketPath(dir string) string { return filepath.Join(dir, "tocsin.sock") }

// MainTenant is the tenant whose keys stand at the top of the configuration.
const MainTenant = "main"

// TenantName is what the name of a tenant looks like: it is that of a folder, and a part of addresses of the API.
var TenantName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// TenantFolder returns the folder of a tenant.
func TenantFolder(dir, name string) string { return filepath.Join(dir, "tenants", name) }

// StatePlace returns where hits and the audit trail are kept.
func StatePlace(dir, tenant string, site *Site) (string, state.Options, error) {
	opt := state.Options{}
	if site.State == "" {
		return filepath.Join(dir, "state.db"), opt, nil
	}
	opt.Schema = "tocsin_" + strings.ReplaceAll(tenant, "-", "_")
	if state.IsPostgres(site.State) {
		return site.State, opt, nil
	}
	place, err := config.Secret(site.State)
	if err != nil {
		return "", opt, fmt.Errorf("state: %w", err)
	}
	return place, opt, nil
}

// ParseDisk reads a share of a disk, "50%", or a size, "100GB".
func ParseDisk(s string) (share float64, bytes int64, err error) {
	text := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if number, ok := strings.CutSuffix(text, "%"); ok {
		if share, err = strconv.ParseFloat(number, 64); err == nil && share > 0 && share <= 100 {
			return share / 100, 0, nil
		}
		return 0, 0, fmt.Errorf("%q is no share of a disk; write 1%% to 100%%, or a size such as 100GB", s)
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "B"), "I")
	unit := int64(1)
	for i, u := range []string{"K", "M", "G", "T"} {
		if number, ok := strings.CutSuffix(text, u); ok {
			text, unit = number, 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n <= 0 {
		return 0, 0, fmt.Errorf("%q is no size; write 100GB, or a share such as 50%%", s)
	}
	return 0, int64(n * float64(unit)), nil
}

// ArmedFolder is where the rules are that people have armed; serve reads it beside the places that are configured.
func ArmedFolder(dir string) string { return filepath.Join(dir, "rules") }

// HasRules tells whether there is any rule file in a folder.
func HasRules(dir string) bool {
	list, _ := os.ReadDir(dir) // without it, there is none
	return slices.ContainsFunc(list, func(f fs.DirEntry) bool { return f.Type().IsRegular() && rules.NamesRules(f.Name()) })
}
