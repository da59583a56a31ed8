package respond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// killKind ends a process and all that it has started.
var killKind = Kind{
	Name: "kill", Doc: "End a process and all that it has started. A process is its number and, as numbers are used again, when it began (the 22nd value of /proc/PID/stat).",
	Example: "4711 982344",
	Check: func(target string, params map[string]string) (string, error) {
		pid, start, ok := strings.Cut(target, " ")
		n, err := strconv.ParseUint(pid, 10, 31)
		s, err2 := strconv.ParseUint(start, 10, 63)
		if !ok || err != nil || err2 != nil {
			return "", fmt.Errorf("kill %.80q: write its number, and when it began, which is the 22nd value of /proc/NUMBER/stat", target)
		}
		if n < 2 {
			return "", errors.New("kill: not the first process")
		}
		return fmt.Sprintf("%d %d", n, s), noParams(params)
	},
	Look: lookAtProcess,
	Do: func(ctx context.Context, _ *Hands, d *Deed) (Outcome, error) {
		number, start, _ := strings.Cut(d.Target, " ")
		pid, err := strconv.Atoi(number)
		if err != nil {
			return Outcome{}, err
		}
		p, err := processOf(pid)
		if errors.Is(err, os.ErrNotExist) || err == nil && p.start != start {
			return Outcome{Result: "it had ended already"}, nil
		}
		if err != nil {
			return Outcome{}, err
		}
		pids, err := tree(processes(), pid)
		if err != nil {
			return Outcome{}, err
		}
		return endAll(ctx, pids, "process")
	},
}

// lookAtProcess says which processes would end.
func lookAtProcess(target string) []string {
	number, start, _ := strings.Cut(target, " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return nil
	}
	if p, err := processOf(pid); err != nil || p.start != start {
		return []string{"there is no such process now"}
	}
	all := processes()
	pids, err := tree(all, pid)
	if err != nil {
		return []string{err.Error()}
	}
	var list []string
	for _, p := range all {
		if slices.Contains(pids, p.pid) && len(list) < 20 {
			list = append(list, fmt.Sprintf("process %d would end: %.80s", p.pid, cmp.Or(p.title, p.name)))
		}
	}
	return list
}

// tree are a process and all below it; an error where this process, one that it was started by, or sshd, by which operators
// come in, is among them.
func tree(all []process, root int) ([]int, error) {
	children := make(map[int][]int)
	byPID := make(map[int]process)
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p.pid)
		byPID[p.pid] = p
	}
	mine := map[int]bool{}
	for pid := os.Getpid(); pid > 0 && !mine[pid]; pid = byPID[pid].parent {
		mine[pid] = true
	}
	list := []int{root}
	seen := map[int]bool{root: true}
	for i := 0; i < len(list); i++ {
		pid := list[i]
		if mine[pid] || strings.HasPrefix(byPID[pid].title, "sshd: /") {
			return nil, fmt.Errorf("%w: process %d is tocsin, has started it, or is sshd", ErrForbidden, pid)
		}
		for _, c := range children[pid] {
			if !seen[c] {
				seen[c] = true
				list = append(list, c)
			}
		}
	}
	return list, nil
}
