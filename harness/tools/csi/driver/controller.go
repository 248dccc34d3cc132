package main

import (
	"context"
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type controller struct {
	csi.UnimplementedControllerServer
	pool store
}

func (c controller) ControllerGetCapabilities(
	context.Context, *csi.ControllerGetCapabilitiesRequest,
) (*csi.ControllerGetCapabilitiesResponse, error) {
	answer := &csi.ControllerGetCapabilitiesResponse{}
	for _, kind := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME, csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
	} {
		rpc := &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: kind}}
		answer.Capabilities = append(answer.Capabilities, &csi.ControllerServiceCapability{Type: rpc})
	}
	return answer, nil
}

func (c controller) ValidateVolumeCapabilities(
	_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest,
) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	confirmed := &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: request.VolumeCapabilities}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: confirmed}, nil
}

func (c controller) CreateVolume(_ context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	size := request.CapacityRange.GetRequiredBytes()
	options := []string{"create"}
	if source := request.VolumeContentSource.GetSnapshot().GetSnapshotId(); source != "" {
		if !c.pool.has(snapshots, source) {
			return nil, status.Errorf(codes.NotFound, "no snapshot %s", source)
		}
		if size < c.pool.size(source) {
			return nil, status.Errorf(codes.OutOfRange, "%d bytes are fewer than the snapshot's %d", size, c.pool.size(source))
		}
		options = []string{"snapshot", c.pool.path(snapshots, source)}
	}
	if err := c.pool.create(volumes, request.Name, size, options...); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	// The kubelet gives it to the pod's group; a pod without one may write too.
	if err := os.Chmod(c.pool.path(volumes, request.Name), 0o777); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	made := &csi.Volume{VolumeId: request.Name, CapacityBytes: size, ContentSource: request.VolumeContentSource}
	return &csi.CreateVolumeResponse{Volume: made}, nil
}

func (c controller) DeleteVolume(_ context.Context, request *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	if err := c.pool.remove(volumes, request.VolumeId); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.DeleteVolumeResponse{}, nil
}

// CreateSnapshot fails where the class says so by its parameter `fail`, whose value is the reason.
func (c controller) CreateSnapshot(_ context.Context, request *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if reason := request.Parameters["fail"]; reason != "" {
		return nil, status.Error(codes.Internal, reason)
	}
	if !c.pool.has(volumes, request.SourceVolumeId) {
		return nil, status.Errorf(codes.NotFound, "no volume %s", request.SourceVolumeId)
	}
	size := c.pool.size(request.SourceVolumeId)
	if err := c.pool.create(snapshots, request.Name, size, "snapshot", "-r", c.pool.path(volumes, request.SourceVolumeId)); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	info, err := os.Stat(c.pool.path(sizes, request.Name))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	made := &csi.Snapshot{
		SnapshotId: request.Name, SourceVolumeId: request.SourceVolumeId, SizeBytes: size, ReadyToUse: true,
		CreationTime: timestamppb.New(info.ModTime()),
	}
	return &csi.CreateSnapshotResponse{Snapshot: made}, nil
}

func (c controller) DeleteSnapshot(_ context.Context, request *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if err := c.pool.remove(snapshots, request.SnapshotId); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.DeleteSnapshotResponse{}, nil
}
