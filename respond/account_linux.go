package respond

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// accountName is what useradd(8) of Debian takes at most; it never begins with a dash, so that no program takes it for an
// option.
var accountName = regexp.MustCompile(`^[a-z_][a-z0-9_.-]{0,30}\$?$`)

func checkAccount(name string) error {
	if !accountName.MatchString(name) {
		return fmt.Errorf("%.40q is no name of an account", name)
	}
	return nil
}

func accountCheck(kind string) func(string, map[string]string) (string, error) {
	return func(target string, params map[string]string) (string, error) {
		if err := checkAccount(target); err != nil {
			return "", fmt.Errorf("%s: %w", kind, err)
		}
		if target == "root" {
			return "", fmt.Errorf("%s: not root: nobody could undo it", kind)
		}
		return target, noParams(params)
	}
}

// lockKind locks a local account: its password and, by its end, its keys.
var lockKind = Kind{
	Name: "lock-account", Doc: "Lock a local account: no password and no key opens it.", Example: "anna", Lasts: true,
	Check: accountCheck("lock-account"),
	Look: func(account string) []string {
		if _, _, _, err := (&Tools{}).home(account); err != nil {
			return []string{fmt.Sprintf("there is no account %s on this host now", account)}
		}
		return []string{"sessions that are open go on: tocsin actions do end-session 'user " + account + "' ends those of SSH"}
	},
	Do: func(ctx context.Context, h *Hands, d *Deed) (Outcome, error) {
		fields, err := h.Tools.shadow(d.Target)
		if err != nil {
			return Outcome{}, err
		}
		undo := map[string]string{"expire": fields[7]}
		if strings.HasPrefix(fields[1], "!") {
			undo["locked"] = "yes" // it was so before
		}
		if fields[7] == "1" && undo["locked"] == "yes" {
			return Outcome{Result: "it was locked already", Undo: map[string]string{"nothing": "yes"}}, nil
		}
		err = h.Tools.tool(ctx, "usermod", "--lock", "--expiredate", "1", d.Target)
		return Outcome{Result: "locked", Undo: undo}, err
	},
	Undo: func(ctx context.Context, h *Hands, d *Deed) error {
		if d.Undo["nothing"] == "yes" {
			return nil
		}
		fields, err := h.Tools.shadow(d.Target)
		if err != nil {
			return err
		}
		if strings.HasPrefix(fields[1], "!") && fields[1] != "!" && d.Undo["locked"] != "yes" {
			if err := h.Tools.tool(ctx, "usermod", "--unlock", d.Target); err != nil {
				return err
			}
		}
		if !dayNumber.MatchString(d.Undo["expire"]) {
			return fmt.Errorf("unlock %s: %.20q is no day", d.Target, d.Undo["expire"])
		}
		expire := d.Undo["expire"]
		if expire == "" {
			expire = "-1"
		}
		return h.Tools.tool(ctx, "chage", "--expiredate", expire, d.Target)
	},
}

var dayNumber = regexp.MustCompile(`^-?[0-9]{0,9}$`)

// expireKind makes the owner of an account choose another password.
var expireKind = Kind{
	Name: "expire-password", Doc: "Make the owner of a local account choose another password at the next login.", Example: "anna",
	Check: accountCheck("expire-password"),
	Do: func(ctx context.Context, h *Hands, d *Deed) (Outcome, error) {
		if _, err := h.Tools.shadow(d.Target); err != nil {
			return Outcome{}, err
		}
		return Outcome{Result: "the password has expired"}, h.Tools.tool(ctx, "chage", "--lastday", "0", d.Target)
	},
}

// tool runs a program of the system with an argument vector.
func (t *Tools) tool(ctx context.Context, name string, args ...string) error {
	path := ""
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			path = filepath.Join(dir, name)
			break
		}
	}
	if path == "" {
		return fmt.Errorf("%s is not installed: %w", name, errFinal)
	}
	if t.Root != "" {
		args = append([]string{"--root", t.Root}, args...)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.500s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// shadow returns the fields of an account in shadow(5).
func (t *Tools) shadow(account string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join("/", t.Root, "etc/shadow"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), ":"); f[0] == account && len(f) == 9 {
			return f, nil
		}
	}
	return nil, fmt.Errorf("there is no account %s: %w", account, errFinal)
}

// home returns the folder of an account in passwd(5), and its user and group.
func (t *Tools) home(account string) (dir string, uid, gid int, err error) {
	data, err := os.ReadFile(filepath.Join("/", t.Root, "etc/passwd"))
	if err != nil {
		return "", 0, 0, err
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if f[0] != account || len(f) != 7 || !filepath.IsAbs(f[5]) {
			continue
		}
		_, err := fmt.Sscanf(f[2]+" "+f[3], "%d %d", &uid, &gid)
		return f[5], uid, gid, err
	}
	return "", 0, 0, fmt.Errorf("there is no account %s: %w", account, errFinal)
}

// keyFingerprint is SHA256:… as ssh-keygen -l shows it.
var keyFingerprint = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)

// removeKeyKind takes a key out of an account's authorized_keys.
var removeKeyKind = Kind{
	Name: "remove-key", Doc: "Take a key out of an account's authorized_keys; undoing puts its line back.", Lasts: true,
	Example: "anna SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
	Check: func(target string, params map[string]string) (string, error) {
		account, print, _ := strings.Cut(target, " ")
		if err := checkAccount(account); err != nil {
			return "", fmt.Errorf("remove-key: %w", err)
		}
		if !keyFingerprint.MatchString(print) {
			return "", fmt.Errorf("remove-key: %.80q is no fingerprint such as SHA256:…", print)
		}
		return target, noParams(params)
	},
	Do: func(_ context.Context, h *Hands, d *Deed) (Outcome, error) {
		account, print, _ := strings.Cut(d.Target, " ")
		var gone []string
		err := h.Tools.keys(account, func(lines []string) []string {
			var left []string
			for _, l := range lines {
				if lineFingerprint(l) == print {
					gone = append(gone, l)
					continue
				}
				left = append(left, l)
			}
			return left
		})
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(gone) == 0 {
			return Outcome{Result: "the key was not there", Undo: map[string]string{"lines": ""}}, nil
		}
		return Outcome{Result: fmt.Sprintf("took %d lines out", len(gone)), Undo: map[string]string{"lines": strings.Join(gone, "\n")}}, err
	},
	Undo: func(_ context.Context, h *Hands, d *Deed) error {
		account, print, _ := strings.Cut(d.Target, " ")
		if d.Undo["lines"] == "" {
			return nil
		}
		back := strings.Split(d.Undo["lines"], "\n")
		for _, l := range back {
			if lineFingerprint(l) != print { // whoever asks, no other key gets in
				return fmt.Errorf("put back a key of %s: the line is of another key: %w", account, errFinal)
			}
		}
		return h.Tools.keys(account, func(lines []string) []string {
			for _, l := range back {
				if !slices.Contains(lines, l) {
					lines = append(lines, l)
				}
			}
			return lines
		})
	},
}
