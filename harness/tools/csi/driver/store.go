package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// The folders of a store.
const (
	volumes   = "volumes"
	snapshots = "snapshots"
	sizes     = "sizes" // in bytes, as text: btrfs is told no limit
)

// A store is a mounted btrfs file system. An id of CSI is a folder's name in it.
type store string

func (s store) path(kind, id string) string { return filepath.Join(string(s), kind, filepath.Base(id)) }

func (s store) has(kind, id string) bool {
	_, err := os.Stat(s.path(kind, id))
	return err == nil
}

func (s store) size(id string) int64 {
	text, _ := os.ReadFile(s.path(sizes, id))
	size, _ := strconv.ParseInt(string(text), 10, 64)
	return size
}

// used counts what the volume's files take; those that go while it counts take nothing.
func (s store) used(id string) int64 {
	var blocks int64
	_ = filepath.WalkDir(s.path(volumes, id), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, gone := entry.Info(); gone == nil {
			blocks += info.Sys().(*syscall.Stat_t).Blocks
		}
		return nil
	})
	return blocks * 512
}

// create makes a subvolume, empty or with the content of another; one that is there stays, as CSI has it.
func (s store) create(kind, id string, size int64, options ...string) error {
	if s.has(kind, id) {
		return nil
	}
	if err := os.WriteFile(s.path(sizes, id), []byte(strconv.FormatInt(size, 10)), 0o644); err != nil {
		return err
	}
	return command("btrfs", append(append([]string{"subvolume"}, options...), s.path(kind, id))...)
}

func (s store) remove(kind, id string) error {
	if !s.has(kind, id) {
		return nil
	}
	if err := command("btrfs", "subvolume", "delete", s.path(kind, id)); err != nil {
		return err
	}
	return os.Remove(s.path(sizes, id))
}

func command(program string, arguments ...string) error {
	if said, err := exec.Command(program, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", program, arguments, err, bytes.TrimSpace(said))
	}
	return nil
}
