package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/notification"
)

// Settings of `setup`: what the store shall hold. What it holds besides is left alone.
type settings struct {
	Endpoint      string `json:"endpoint"`
	Region        string `json:"region"`
	AccessKey     string `json:"access_key"`
	SecretKey     string `json:"secret_key"`
	Buckets       []bucket
	Notifications []subscription
	Users         []user
}

type bucket struct {
	Name      string
	Versioned bool
}

type subscription struct {
	Bucket string
	Arn    string
	Events []notification.EventType
}

type user struct {
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	Policy    struct {
		Name     string
		Document json.RawMessage
	}
}

const setupDeadline = 50 * time.Second

// setup brings the store to what the file says. It may run any number of times.
func setup(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), setupDeadline)
	defer cancel()
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var wanted settings
	if err := json.Unmarshal(content, &wanted); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	at, err := url.Parse(wanted.Endpoint)
	if err != nil {
		return err
	}
	root := credentials.NewStaticV4(wanted.AccessKey, wanted.SecretKey, "")
	client, err := minio.New(at.Host, &minio.Options{Creds: root, Region: wanted.Region})
	if err != nil {
		return err
	}
	admin, err := madmin.NewWithOptions(at.Host, &madmin.Options{Creds: root})
	if err != nil {
		return err
	}
	for _, b := range wanted.Buckets {
		if err := ensureBucket(ctx, client, wanted.Region, b); err != nil {
			return fmt.Errorf("bucket %s: %w", b.Name, err)
		}
	}
	for _, u := range wanted.Users {
		if err := ensureUser(ctx, admin, u); err != nil {
			return fmt.Errorf("user %s: %w", u.AccessKey, err)
		}
	}
	for _, n := range wanted.Notifications {
		if err := subscribe(ctx, client, n); err != nil {
			return fmt.Errorf("notification of %s: %w", n.Bucket, err)
		}
	}
	return nil
}

func ensureBucket(ctx context.Context, client *minio.Client, region string, b bucket) error {
	there, err := client.BucketExists(ctx, b.Name)
	if err != nil {
		return err
	}
	if !there {
		if err := client.MakeBucket(ctx, b.Name, minio.MakeBucketOptions{Region: region}); err != nil {
			return err
		}
	}
	if !b.Versioned {
		return nil
	}
	return client.EnableVersioning(ctx, b.Name)
}

func ensureUser(ctx context.Context, admin *madmin.AdminClient, u user) error {
	if err := admin.AddCannedPolicy(ctx, u.Policy.Name, u.Policy.Document); err != nil {
		return err
	}
	if err := admin.AddUser(ctx, u.AccessKey, u.SecretKey); err != nil {
		return err
	}
	_, err := admin.AttachPolicy(ctx, madmin.PolicyAssociationReq{
		Policies: []string{u.Policy.Name},
		User:     u.AccessKey,
	})
	if err != nil && madmin.ToErrorResponse(err).Code == "XMinioAdminPolicyChangeAlreadyApplied" {
		return nil
	}
	return err
}

func subscribe(ctx context.Context, client *minio.Client, n subscription) error {
	arn, err := notification.NewArnFromString(n.Arn)
	if err != nil {
		return err
	}
	events := notification.NewConfig(arn)
	events.AddEvents(n.Events...)
	var config notification.Configuration
	config.AddQueue(events)
	return client.SetBucketNotification(ctx, n.Bucket, config)
}
