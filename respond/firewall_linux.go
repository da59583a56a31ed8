package respond

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Firewall is the kernel's table `inet tocsin`, in the network namespace of the thread that opened it. It needs
// CAP_NET_ADMIN there.
type Firewall struct {
	nl    *netlink
	specs []setSpec

	mu   sync.Mutex
	now  func() time.Time
	made bool               // the table is as this process made it
	have []map[string]Block // what each set was given, by id; the kernel may have let go of what has expired
}

// OpenFirewall connects to the kernel. Nothing is changed.
func OpenFirewall() (*Firewall, error) {
	nl, err := openNetlink()
	if err != nil {
		return nil, fmt.Errorf("firewall: %w", err)
	}
	return &Firewall{nl: nl, specs: setSpecs(), now: time.Now}, nil
}

// Close disconnects. The table stays in force.
func (f *Firewall) Close() error { return f.nl.close() }

// Replace makes the whole table what is wanted, in one step: no packet meets half of it. What stays goes on counting. With
// dry, the kernel only says whether it would.
func (f *Firewall) Replace(w *Wanted, dry bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := w.check(); err != nil {
		return err
	}
	err := f.replace(w, dry, false)
	for try := 0; try < 5 && errors.Is(err, unix.ENOENT); try++ { // an entry has expired between reading and deleting it
		err = f.replace(w, dry, false)
	}
	if err != nil && !errors.Is(err, unix.EPERM) { // somebody else has changed the table: it is made from the ground
		err = f.replace(w, dry, true)
	}
	if err != nil {
		f.made = f.made && dry
		return fmt.Errorf("firewall: make the table: %w", err)
	}
	return nil
}

func (f *Firewall) replace(w *Wanted, dry, anew bool) error {
	stamp := fingerprint(f.specs)
	standing, err := f.standing()
	if err != nil {
		return err
	}
	held, err := f.list()
	if err != nil {
		return err
	}
	used, err := f.used()
	if err != nil {
		return err
	}
	stays := standing == stamp && !anew
	m := newBatch()
	f.putTable(m, stamp)
	if stays {
		clearChains(m, f.specs)
	} else {
		m.begin(unix.NFT_MSG_DELTABLE, 0)
		m.text(unix.NFTA_TABLE_NAME, tableName)
		f.putTable(m, stamp)
		for i := range f.specs {
			f.specs[i].put(m, uint32(i+1))
		}
	}
	have := make([]map[string]Block, len(f.specs))
	for i := range f.specs {
		s := &f.specs[i]
		mine := s.of(w.Blocks) // also what a wider network covers as long as that one lasts
		have[i] = make(map[string]Block, len(mine))
		for _, b := range mine {
			have[i][b.id()] = b
		}
		f.fill(m, s, mine, held, stays)
	}
	chains := append(chainsOf(f.specs, w.Isolated), policyChains(m, w, uint32(len(f.specs)+1))...)
	if err := putChains(m, chains, used); err != nil {
		return err
	}
	if err := f.nl.commit(m, dry); err != nil {
		return err
	}
	if !dry {
		f.have, f.made = have, true
	}
	return nil
}

// fill adds messages that make a set hold blocks. Where it stays, only what differs is touched.
func (f *Firewall) fill(m *message, s *setSpec, mine []Block, held []Held, stays bool) {
	counted := make(map[string]*Held)
	var there []Block
	for i := range held {
		if s.holds(&held[i].Block) {
			counted[held[i].id()] = &held[i]
			there = append(there, held[i].Block)
		}
	}
	list := f.elements(s, mine, counted)
	if stays {
		want := make([]Block, len(list))
		for i := range list {
			want[i] = list[i].Block
		}
		d := Diff(there, want)
		var gone []element
		for _, b := range append(d.Remove, d.Change...) {
			gone = append(gone, element{Block: b})
		}
		s.putElements(m, unix.NFT_MSG_DELSETELEM, gone)
		fresh := make(map[string]bool, len(d.Add)+len(d.Change))
		for _, b := range append(d.Add, d.Change...) {
			fresh[b.id()] = true
		}
		list = slices.DeleteFunc(list, func(e element) bool { return !fresh[e.id()] })
	}
	s.putElements(m, unix.NFT_MSG_NEWSETELEM, list)
}

func (f *Firewall) putTable(m *message, stamp string) {
	m.begin(unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE)
	m.text(unix.NFTA_TABLE_NAME, tableName)
	m.comment(tableUserdata, stamp)
}

// putChains adds chains, then their rules, which may jump to any of them. The rules go on counting.
func putChains(m *message, chains []chain, used []Used) error {
	for i := range chains {
		chains[i].put(m)
	}
	counted := make(map[[2]string]*Used, len(used))
	for i := range used {
		counted[[2]string{used[i].Chain, used[i].Rule}] = &used[i]
	}
	for i := range chains {
		for _, r := range chains[i].rules {
			u := counted[[2]string{chains[i].name, r.comment}]
			for _, e := range r.exprs {
				if c, ok := e.(*expr.Counter); ok && u != nil && r.comment != "" {
					c.Packets, c.Bytes = u.Packets, u.Bytes
				}
			}
		}
		if err := chains[i].putRules(m); err != nil {
			return err
		}
	}
	return nil
}

// elements are the elements of a set that blocks make, with what was counted of each.
func (f *Firewall) elements(s *setSpec, blocks []Block, counted map[string]*Held) []element {
	now := f.now().UnixNano()
	mine := slices.DeleteFunc(s.of(blocks), func(b Block) bool { return b.Until != 0 && b.Until <= now })
	if s.kind == network {
		mine = widest(mine)
	} else {
		seen := make(map[string]bool, len(mine))
		mine = slices.DeleteFunc(mine, func(b Block) bool {
			id := b.id()
			twice := seen[id]
			seen[id] = true
			return twice
		})
	}
	list := make([]element, len(mine))
	for i, b := range mine {
		e := &list[i]
		e.Block = b
		if b.Until != 0 {
			e.left = uint64(max(1, (b.Until-now)/int64(time.Millisecond)))
		}
		if c := counted[b.id()]; c != nil {
			e.packets, e.bytes = c.Packets, c.Bytes
		}
	}
	return list
}

// check refuses what the kernel must never be told.
func (w *Wanted) check() error {
	for i := range w.Blocks {
		if err := w.Blocks[i].check(); err != nil {
			return err
		}
	}
	for _, p := range []*Policy{w.Policy, w.Trial} {
		if p != nil {
			if err := p.Check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// errNotMade is the error of changing a table that this process has not made yet.
var errNotMade = errors.New("the table is not made yet")

// Change adds entries, or changes the end of those that are there, and removes others, in one step, at a cost that does not
// grow with what else is there. The table must have been made with Replace.
func (f *Firewall) Change(add, remove []Block) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.made {
		return errNotMade
	}
	for i := range add {
		if err := add[i].check(); err != nil {
			return err
		}
	}
	m := newBatch()
	fresh := make([]map[string]Block, len(f.specs))
	for i := range f.specs {
		s := &f.specs[i]
		plus, minus := s.of(add), s.of(remove)
		if len(plus)+len(minus) == 0 {
			continue
		}
		var err error
		if s.kind == single {
			fresh[i], err = f.changeSingles(m, i, plus, minus)
		} else {
			fresh[i], err = f.changeRanges(m, i, plus, minus)
		}
		if err != nil {
			return fmt.Errorf("firewall: %w", err)
		}
	}
	if err := f.nl.commit(m, false); err != nil {
		f.made = false // what the kernel has is not known any more
		return fmt.Errorf("firewall: change the table: %w", err)
	}
	for i, list := range fresh {
		for id, b := range list {
			if b.Prefix.IsValid() {
				f.have[i][id] = b
			} else {
				delete(f.have[i], id)
			}
		}
	}
	return nil
}

// changeSingles changes a hash set. What is replaced or removed is added before, because the kernel may have let it expire
// meanwhile, and refuses to delete what is not there. The result is what changes in have; the zero Block: it goes.
func (f *Firewall) changeSingles(m *message, set int, plus, minus []Block) (map[string]Block, error) {
	s := &f.specs[set]
	changes := make(map[string]Block, len(plus)+len(minus))
	var gone []element
	counted := make(map[string]*Held)
	for _, b := range append(slices.Clone(plus), minus...) {
		id := b.id()
		if _, ok := changes[id]; ok {
			continue
		}
		if old, ok := f.have[set][id]; ok {
			h, err := f.one(s, &old)
			if err != nil {
				return nil, err
			}
			counted[id] = h
			gone = append(gone, element{Block: old, left: 1000})
		}
		changes[id] = Block{}
	}
	s.putElements(m, unix.NFT_MSG_NEWSETELEM, gone)
	s.putElements(m, unix.NFT_MSG_DELSETELEM, gone)
	list := f.elements(s, plus, counted)
	for _, e := range list {
		changes[e.id()] = e.Block
	}
	s.putElements(m, unix.NFT_MSG_NEWSETELEM, list)
	return changes, nil
}

// changeRanges changes a set of networks or ports. What overlaps nothing is added; else the set is filled anew.
func (f *Firewall) changeRanges(m *message, set int, plus, minus []Block) (map[string]Block, error) {
	s, have := &f.specs[set], f.have[set]
	changes := make(map[string]Block)
	for _, b := range minus {
		if _, ok := have[b.id()]; ok {
			changes[b.id()] = Block{}
		}
	}
	rebuild := len(changes) > 0
	all := make([]Block, 0, len(have)+len(plus))
	for id, b := range have {
		if _, gone := changes[id]; !gone {
			all = append(all, b)
		}
	}
	for _, b := range plus {
		changes[b.id()] = b
		rebuild = rebuild || slices.ContainsFunc(all, func(o Block) bool { return o.Prefix.Overlaps(b.Prefix) })
		all = append(all, b)
	}
	if !rebuild {
		s.putElements(m, unix.NFT_MSG_NEWSETELEM, f.elements(s, plus, nil))
		return changes, nil
	}
	held, err := f.listSet(s)
	if err != nil {
		return nil, err
	}
	counted := make(map[string]*Held, len(held))
	for i := range held {
		counted[held[i].id()] = &held[i]
	}
	m.begin(unix.NFT_MSG_DELSETELEM, 0)
	m.text(unix.NFTA_SET_ELEM_LIST_TABLE, tableName)
	m.text(unix.NFTA_SET_ELEM_LIST_SET, s.name)
	latest := make(map[string]Block, len(all))
	for _, b := range all {
		latest[b.id()] = b
	}
	all = all[:0]
	for _, b := range latest {
		all = append(all, b)
	}
	s.putElements(m, unix.NFT_MSG_NEWSETELEM, f.elements(s, all, counted))
	return changes, nil
}

// Remove takes the whole table away.
func (f *Firewall) Remove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := newBatch()
	f.putTable(m, "")
	m.begin(unix.NFT_MSG_DELTABLE, 0)
	m.text(unix.NFTA_TABLE_NAME, tableName)
	f.made, f.have = false, nil
	if err := f.nl.commit(m, false); err != nil {
		return fmt.Errorf("firewall: remove the table: %w", err)
	}
	return nil
}
