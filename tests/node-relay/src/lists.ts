// Lists that load more of themselves: one of the whole query, one of a node, one of the viewer.
import { graphql } from "relay-runtime";

export const hopList = graphql`
  fragment listsHops on Query
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    filter: { type: "HopFilter" }
    order: { type: "ListOrder", defaultValue: NEWEST_FIRST }
  )
  @refetchable(queryName: "listsHopsPaginationQuery") {
    hops(first: $count, after: $cursor, filter: $filter, order: $order)
      @connection(key: "lists_hops", filters: ["filter", "order"]) {
      totalCount
      totalCountExact
      edges {
        cursor
        node {
          ...partsHop
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

export const hopListBackward = graphql`
  fragment listsHopsBackward on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "listsHopsBackwardPaginationQuery") {
    backward: hops(last: $count, before: $cursor) @connection(key: "lists_backward") {
      edges {
        node {
          id
        }
      }
    }
  }
`;

export const children = graphql`
  fragment listsChildren on Token
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "listsChildrenPaginationQuery") {
    children(first: $count, after: $cursor) @connection(key: "lists_children") {
      edges {
        node {
          id
          state
          ...partsToken
        }
      }
    }
  }
`;

export const recipientHops = graphql`
  fragment listsRecipientHops on Recipient
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "listsRecipientHopsPaginationQuery") {
    hops(first: $count, after: $cursor) @connection(key: "lists_hops") {
      edges {
        node {
          ...partsHop
        }
      }
    }
  }
`;

export const inbox = graphql`
  fragment listsInbox on Viewer
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "listsInboxPaginationQuery") {
    party {
      label
    }
    inbox {
      hopsToAcknowledge(first: $count, after: $cursor) @connection(key: "lists_hopsToAcknowledge") {
        edges {
          node {
            ...partsHop
          }
        }
      }
      operationsToApprove(first: 5) {
        nodes {
          id
          missing
        }
      }
    }
  }
`;
