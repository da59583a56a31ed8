package source

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	maxWatched    = 16 << 10 // folders
	closePatience = 300 * time.Millisecond

	maxTouched = 64 << 10 // paths that are remembered between two passes; with more, everything is looked at
)

// watch tells which paths in some folders were touched. Folders are watched, not files, so a thousand files in one
// folder cost one watch. It takes the kernel's events at once and keeps each path once, so the kernel's queue does not
// run full while the intake has no room.
type watch struct {
	notify  *fsnotify.Watcher // nil where nothing can be watched
	ended   chan struct{}
	wake    chan struct{} // holds one word while something was touched
	folders map[string]bool
	blind   bool // some folder could not be watched: everything is looked at now and then

	mu      sync.Mutex
	touched map[string]bool
	made    bool // a path was made or renamed
	all     bool // events were lost
}

// newWatch begins to watch. An error says that nothing can be watched, so that files have to be looked at by the clock;
// the watch works all the same, and tells nothing.
func newWatch(deaf bool) (*watch, error) {
	w := &watch{
		ended: make(chan struct{}), wake: make(chan struct{}, 1),
		folders: map[string]bool{}, touched: map[string]bool{},
	}
	var n *fsnotify.Watcher
	err := errors.New("it was not asked to")
	if !deaf {
		n, err = fsnotify.NewWatcher()
	}
	if err != nil {
		close(w.ended)
		w.blind = true
		return w, err
	}
	w.notify = n
	go w.listen()
	return w, nil
}

// close ends the watching. The kernel may take its time to let go of what it watched, and is not waited for then.
func (w *watch) close() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if w.notify != nil {
			_ = w.notify.Close()
		}
		<-w.ended
	}()
	late := time.NewTimer(closePatience)
	defer late.Stop()
	select {
	case <-closed:
	case <-late.C:
	}
}

// folder adds a folder. It returns whether it is new, and an error where it cannot be watched though it is there.
func (w *watch) folder(dir string) (bool, error) {
	if w.notify == nil || w.folders[dir] {
		return false, nil
	}
	if len(w.folders) >= maxWatched {
		w.blind = true
		return false, nil
	}
	if err := w.notify.Add(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		w.blind = true
		return false, err
	}
	w.folders[dir] = true
	return true, nil
}

// listen takes the events until the watcher is closed.
func (w *watch) listen() {
	defer close(w.ended)
	for {
		select {
		case e, ok := <-w.notify.Events:
			if !ok {
				return
			}
			w.touch(e)
		case _, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			w.mu.Lock()
			w.all = true // the queue ran over, or a folder is gone
			w.mu.Unlock()
			w.ring()
		}
	}
}

func (w *watch) touch(e fsnotify.Event) {
	w.mu.Lock()
	if e.Has(fsnotify.Create) || e.Has(fsnotify.Rename) || e.Has(fsnotify.Remove) {
		w.made = true
	}
	if len(w.touched) >= maxTouched {
		w.all = true
	} else {
		w.touched[filepath.Clean(e.Name)] = true
	}
	w.mu.Unlock()
	w.ring()
}

func (w *watch) ring() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take returns what was touched since it was called last.
func (w *watch) take() (touched map[string]bool, made, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	touched, made, all = w.touched, w.made, w.all
	w.touched, w.made, w.all = make(map[string]bool), false, false
	return touched, made, all
}

// forget drops folders that are gone, so that they are watched again when they come back.
func (w *watch) forget(path string) { delete(w.folders, path) }
