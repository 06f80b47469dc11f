/** A memory is active, or kept from reads in one of three ways. Any state may follow any other. */
export const MEMORY_STATES = ['active', 'paused', 'archived', 'deleted'] as const;
export type MemoryState = (typeof MEMORY_STATES)[number];

export type Metadata = Record<string, unknown>;

/** `userId` is the name the world uses; `id` is ours and appears as `user_id` and `owner_id` in rows. */
export interface User {
  id: string;
  userId: string;
  /** Grows with every change to what this user's reads may answer; caches put it into their keys. */
  revision: number;
}

export interface App {
  id: string;
  ownerId: string;
  name: string;
  description: string | null;
  metadata: Metadata;
  isActive: boolean;
  createdAt: number;
  updatedAt: number;
}

/** Times are epoch milliseconds, UTC. */
export interface Memory {
  id: string;
  userId: string;
  appId: string;
  appName: string;
  content: string;
  metadata: Metadata;
  state: MemoryState;
  categories: string[];
  createdAt: number;
  updatedAt: number;
  archivedAt: number | null;
  deletedAt: number | null;
}

export interface Category {
  id: string;
  name: string;
  description: string;
  createdAt: number;
  updatedAt: number;
}

export interface AccessLogEntry {
  id: string;
  memoryId: string;
  appId: string;
  appName: string;
  accessType: string;
  accessedAt: number;
  metadata: Metadata;
}

export interface AppSummary {
  id: string;
  name: string;
  isActive: boolean;
  memoriesCreated: number;
  memoriesAccessed: number;
}

export interface AppDetails {
  isActive: boolean;
  memoriesCreated: number;
  memoriesAccessed: number;
  firstAccessed: number | null;
  lastAccessed: number | null;
}

/** One page of rows and how many there are in all. */
export interface Paged<T> {
  items: T[];
  total: number;
}

/** `page` counts from 1. */
export interface PageRequest {
  page: number;
  size: number;
}
