package main

import (
	"strings"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
)

const memory = 30 * time.Second

// remembered asks iptables again only after a change through it, or after its memory: whenever a pod changes the controller asks
// for each of its own chains and rules, some twenty times, and where pods come and go on several nodes that was a quarter of all
// work of the machine.
type remembered struct {
	utils.IPTablesHandler
	told  map[string]any
	since time.Time
}

func (r *remembered) Exists(table, chain string, rule ...string) (bool, error) {
	return recall(r, func() (bool, error) { return r.IPTablesHandler.Exists(table, chain, rule...) },
		"exists", table, chain, strings.Join(rule, " "))
}

func (r *remembered) ChainExists(table, chain string) (bool, error) {
	return recall(r, func() (bool, error) { return r.IPTablesHandler.ChainExists(table, chain) }, "chain exists", table, chain)
}

func (r *remembered) List(table, chain string) ([]string, error) {
	return recall(r, func() ([]string, error) { return r.IPTablesHandler.List(table, chain) }, "list", table, chain)
}

// AppendUnique is for chains of the controller's own that it never lists.
func (r *remembered) AppendUnique(table, chain string, rule ...string) error {
	_, err := recall(r, func() (bool, error) { return true, r.IPTablesHandler.AppendUnique(table, chain, rule...) },
		"append", table, chain, strings.Join(rule, " "))
	return err
}

func (r *remembered) Insert(table, chain string, position int, rule ...string) error {
	r.told = nil
	return r.IPTablesHandler.Insert(table, chain, position, rule...)
}

func (r *remembered) Delete(table, chain string, rule ...string) error {
	r.told = nil
	return r.IPTablesHandler.Delete(table, chain, rule...)
}

func (r *remembered) NewChain(table, chain string) error {
	r.told = nil
	return r.IPTablesHandler.NewChain(table, chain)
}

// recall returns what was told to this question, or asks.
func recall[T any](r *remembered, ask func() (T, error), question ...string) (T, error) {
	if r.told == nil || time.Since(r.since) > memory {
		r.told, r.since = map[string]any{}, time.Now()
	}
	key := strings.Join(question, "\n")
	if answer, known := r.told[key]; known {
		return answer.(T), nil
	}
	answer, err := ask()
	if err == nil {
		r.told[key] = answer
	}
	return answer, err
}
