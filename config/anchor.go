package config

import (
	"path/filepath"
	"reflect"
	"strings"
)

// Anchor makes the paths in the struct that into points to relative to a folder, that of the file which they stand in:
// those of texts and lists of texts with the tag `path:"true"`, of those with the tag `path:"glob"` where they hold a slash,
// and of every text that says file:path (see Secret). Absolute paths stay, and so do "" and "-".
func Anchor(into any, dir string) {
	anchor(reflect.ValueOf(into), dir, "", 0)
}

func anchor(v reflect.Value, dir string, path string, depth int) {
	if depth > maxDepth {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			anchor(v.Elem(), dir, path, depth+1)
		}
	case reflect.Struct:
		for _, f := range fieldsOf(v) {
			anchor(f.value, dir, f.Tag.Get("path"), depth+1)
		}
	case reflect.Slice:
		for i := range v.Len() {
			anchor(v.Index(i), dir, path, depth+1)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(key))
			anchor(e, dir, path, depth+1)
			v.SetMapIndex(key, e)
		}
	case reflect.String:
		v.SetString(anchored(v.String(), dir, path))
	}
}

func anchored(s, dir, path string) string {
	kind := ""
	if rest, ok := strings.CutPrefix(s, "file:"); ok {
		kind, s = "file:", rest
	} else if path == "" || path == "glob" && !strings.ContainsAny(s, `/\`) {
		return s
	}
	if s == "" || s == "-" || filepath.IsAbs(s) || strings.HasPrefix(s, "//") {
		return kind + s
	}
	return kind + filepath.Join(dir, s)
}
